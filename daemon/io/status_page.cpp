#include "daemon/io/status_page.hpp"

#include <array>
#include <random>
#include <string_view>

namespace itnxt {
namespace {

constexpr std::string_view kNonceMark = "@NONCE@";

constexpr std::string_view kStyleAndBody = R"HTML(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark">
<title>itnxt</title>
<link rel="icon" href="data:,">
<style nonce="@NONCE@">
:root { --ok: #3fb950; --bad: #ff6b63; --warn: #e3b341; --dim: #9aa4af; --line: #2b323b; --card: #161b22; }
* { box-sizing: border-box; }
body { margin: 0; padding: .75rem; background: #0d1117; color: #e6edf3; font: 17px/1.4 system-ui, sans-serif; }
main { max-width: 70rem; margin: auto; }
h1 { font-size: 1.1rem; margin: 0; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; color: var(--dim); }
header h1 { color: #e6edf3; }
#state { font-size: clamp(1.7rem, 7vw, 3.2rem); font-weight: 700; line-height: 1.15; padding: 1.1rem; margin: .75rem 0;
  border-radius: .6rem; background: var(--card); border-left: .6rem solid var(--dim); overflow-wrap: anywhere; }
#state small { display: block; font-size: 1rem; font-weight: 400; color: var(--dim); margin-top: .3rem; }
#state.ok { border-color: var(--ok); } #state.bad { border-color: var(--bad); background: #2d1215; }
#state.warn { border-color: var(--warn); } #state.crisis { border-color: var(--bad); background: #7d1512; color: #fff; }
#state.crisis small { color: #ffd8d3; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .5rem; }
.tile { background: var(--card); border-radius: .5rem; padding: .6rem .8rem; color: var(--dim); }
.tile b { display: block; font-size: 1.6rem; color: #e6edf3; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; background: var(--card); border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .45rem .7rem; border-top: 1px solid var(--line); white-space: nowrap; }
th { color: var(--dim); font-weight: 500; border-top: 0; } td.n { text-align: right; } th.n { text-align: right; }
td.wide { white-space: normal; min-width: 12rem; overflow-wrap: anywhere; }
.ok { color: var(--ok); } .bad { color: var(--bad); } .warn { color: var(--warn); } .dim { color: var(--dim); }
#state.ok, #state.bad, #state.warn { color: #e6edf3; }
b.ok, b.bad, b.warn { font-weight: 700; } .tile b.bad { color: var(--bad); } .tile b.warn { color: var(--warn); }
meter { width: 5rem; vertical-align: middle; }
footer { color: var(--dim); margin: 1.5rem 0; font-size: .85rem; overflow-wrap: anywhere; }
a { color: #79b8ff; }
</style>
</head>
<body>
<main>
<header><h1>itnxt</h1><span id="node"></span><span id="clock" role="status"></span></header>
<div id="state" role="alert">…</div>
<div class="tiles" id="tiles"></div>
<section id="alerts-part" hidden><h2>Alerts</h2><div class="scroll"><table id="alerts"></table></div></section>
<section id="sites-part" hidden><h2>Isolated sites</h2><div class="scroll"><table id="sites"></table></div></section>
<section id="links-part" hidden><h2>Links</h2><div class="scroll"><table id="links"></table></div></section>
<section id="devices-part" hidden><h2>Devices</h2><div class="scroll"><table id="devices"></table></div></section>
<section id="captures-part" hidden><h2>Captures</h2><div class="scroll"><table id="captures"></table></div></section>
<section id="collectors-part" hidden><h2>Collectors</h2><div class="scroll"><table id="collectors"></table></div></section>
<footer><span id="build"></span> · <a href="/metrics">metrics</a> · <a href="/api/v1/status">status</a> · <a href="/api/v1/sites">sites</a> · <a href="/api/v1/links">links</a> ·
<a href="/api/v1/devices">devices</a> · <a href="/api/v1/interfaces">interfaces</a> · <a href="/api/v1/alerts">alerts</a></footer>
</main>
)HTML";

// Text reaches the page by textContent alone.
constexpr std::string_view kScript = R"HTML(<script nonce="@NONCE@">
'use strict';
const PERIOD = 5000, MOST_ROWS = 500;
const at = id => document.getElementById(id);
function element(tag, text, style) {
  const e = document.createElement(tag);
  if (text !== undefined && text !== null) e.textContent = String(text);
  if (style) e.className = style;
  return e;
}
function scaled(value, units, step) {
  if (value === null || value === undefined) return '–';
  let i = 0;
  while (value >= step && i < units.length - 1) { value /= step; ++i; }
  return value.toLocaleString('en', {maximumSignificantDigits: 3}) + ' ' + units[i];
}
const rate = bytes => scaled(bytes === null ? null : bytes * 8, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'], 1000);
const count = n => scaled(n, ['', 'k', 'M', 'G', 'T'], 1000);
function span(s) {
  if (s === null || s === undefined) return '–';
  if (s < 120) return Math.round(s) + ' s';
  if (s < 7200) return Math.round(s / 60) + ' min';
  if (s < 172800) return Math.round(s / 3600) + ' h';
  return Math.round(s / 86400) + ' d';
}
const upDown = up => up === true ? ['up', 'ok'] : up === false ? ['DOWN', 'bad'] : ['unknown', 'warn'];
function flow(f) {
  const cell = element('td', rate(f.bytes_per_second) + ' ', 'n');
  if (f.utilization_ratio !== null) {
    const m = element('meter');
    m.min = 0; m.max = 1; m.low = 0.8; m.high = 0.9; m.optimum = 0; m.value = f.utilization_ratio;
    m.title = (100 * f.utilization_ratio).toFixed(1) + ' %';
    cell.append(m);
  }
  return cell;
}
function table(id, heads, rows, makeRow) {
  at(id + '-part').hidden = rows.length === 0;
  const head = element('tr');
  for (const h of heads) head.append(element('th', h.replace('>', ''), h.startsWith('>') ? 'n' : ''));
  const body = document.createDocumentFragment();
  body.append(head);
  for (const row of rows.slice(0, MOST_ROWS)) {
    const tr = element('tr');
    tr.append(...makeRow(row));
    body.append(tr);
  }
  if (rows.length > MOST_ROWS) {
    const tr = element('tr');
    const more = element('td', (rows.length - MOST_ROWS) + ' more in the API', 'dim');
    more.colSpan = heads.length;
    tr.append(more);
    body.append(tr);
  }
  at(id).replaceChildren(body);
}
const worst = up => up === false ? 0 : up === true ? 2 : 1;
const byState = (a, b) => worst(a.up) - worst(b.up) || a.name.localeCompare(b.name);
const end = e => e ? e.device + ' ' + e.interface : '–';
function state(s, alerts, crisis) {
  const firing = alerts.filter(a => a.state === 'firing');
  const critical = firing.filter(a => a.severity === 'critical').length;
  let style = 'ok', text = 'All is well', more = s.links.up + ' of ' + s.links.total + ' links up';
  if (!s.ready) { style = 'warn'; text = 'Starting'; }
  if (s.links.unknown > 0) { style = 'warn'; text = s.links.unknown + (s.links.unknown === 1 ? ' link' : ' links') + ' unknown'; }
  const silent = s.devices.total - s.devices.up;
  if (silent > 0) { style = 'warn'; text = silent + (silent === 1 ? ' device does' : ' devices do') + ' not answer'; }
  if (firing.length > 0) { style = critical ? 'bad' : 'warn'; text = firing.length + (firing.length === 1 ? ' alert fires' : ' alerts fire'); }
  if (s.links.down > 0) { style = 'bad'; text = s.links.down + (s.links.down === 1 ? ' link DOWN' : ' links DOWN'); }
  if (s.storage_problem) { style = style === 'bad' ? style : 'warn'; more = s.storage_problem; }
  if (crisis.state !== 'normal') {
    style = crisis.state === 'crisis' ? 'crisis' : 'warn';
    text = crisis.state.toUpperCase() + ': ' + crisis.sites.length + (crisis.sites.length === 1 ? ' site' : ' sites');
    more = crisis.sites.slice(0, 20).join(', ') + (crisis.sites.length > 20 ? ' …' : '');
  }
  at('state').className = style;
  at('state').replaceChildren(element('span', text), element('small', more));
  document.title = (style === 'ok' ? '' : '● ') + text + ' · itnxt';
}
function tiles(s) {
  const tile = (name, value, style) => {
    const t = element('div', null, 'tile');
    t.append(element('b', value, style), element('span', name));
    return t;
  };
  const waiting = s.channels.reduce((sum, c) => sum + c.waiting, 0);
  at('tiles').replaceChildren(
    tile('links up', s.links.up + ' / ' + s.links.total, s.links.down ? 'bad' : ''),
    tile('devices up', s.devices.up + ' / ' + s.devices.total, s.devices.up < s.devices.total ? 'bad' : ''),
    tile('alerts firing', s.alerts.firing, s.alerts.firing ? 'bad' : ''),
    tile('pages waiting', waiting, waiting ? 'warn' : ''),
    tile('series', count(s.series), s.series_rejected ? 'warn' : ''));
}
async function ask(name) {
  const answer = await fetch('/api/v1/' + name, {cache: 'no-store', signal: AbortSignal.timeout(PERIOD)});
  if (!answer.ok) throw new Error('HTTP ' + answer.status);
  return (await answer.json()).data;
}
async function refresh() {
  try {
    const [s, sites, links, devices, alerts, crisis, captures, collectors] =
      await Promise.all(['status', 'sites', 'links', 'devices', 'alerts', 'crisis', 'captures', 'collectors'].map(ask));
    state(s, alerts, crisis);
    tiles(s);
    at('node').textContent = s.node;
    at('clock').textContent = new Date(s.now).toLocaleTimeString();
    at('clock').className = '';
    at('build').textContent = 'itnxt ' + s.version + ' (' + s.revision + '), since ' + new Date(s.started).toLocaleString();
    const rank = {critical: 0, warning: 1, info: 2};
    alerts.sort((a, b) => rank[a.severity] - rank[b.severity] || a.subject.localeCompare(b.subject));
    table('alerts', ['Alert', 'Subject', 'State', 'Since', ''], alerts, a => [
      element('td', a.alert, a.severity === 'critical' ? 'bad' : 'warn'), element('td', a.subject), element('td', a.state),
      element('td', new Date(a.since).toLocaleString()), element('td', a.annotations.summary || '', 'wide')]);
    const isolated = sites.filter(x => x.isolated).sort((a, b) => b.weight - a.weight || a.name.localeCompare(b.name));
    table('sites', ['Site', 'Kind', 'District', '>Links down'], isolated, x => [
      element('td', x.name, 'bad'), element('td', x.kind), element('td', x.district || '–', 'dim'), element('td', x.links.down, 'n')]);
    table('links', ['Link', 'State', '>a → b', '>b → a', '>Capacity', 'a', 'b'], links.sort(byState), l => [
      element('td', l.name), element('td', ...upDown(l.up)), flow(l.a_to_b), flow(l.b_to_a),
      element('td', rate(l.capacity_bytes), 'n'), element('td', end(l.a), 'dim'), element('td', end(l.b), 'dim')]);
    table('devices', ['Device', 'State', 'Site', '>Interfaces up', '>Uptime', 'Problem'], devices.sort(byState), d => [
      element('td', d.name), element('td', ...upDown(d.up)), element('td', d.site, 'dim'),
      element('td', d.interfaces_up + ' / ' + d.interfaces, 'n'), element('td', span(d.uptime_seconds), 'n'), element('td', d.problem, 'wide')]);
    table('captures', ['Capture', 'State', 'Source', 'Link', '>Packets', '>Bytes', '>Dropped', '>Malformed'], captures, c => [
      element('td', c.capture), element('td', c.open ? 'open' : 'closed', c.open ? 'ok' : 'bad'), element('td', c.source, 'dim'), element('td', c.link || '–', 'dim'),
      element('td', count(c.packets), 'n'), element('td', scaled(c.bytes, ['B', 'kB', 'MB', 'GB', 'TB'], 1000), 'n'),
      element('td', count(c.dropped_packets), c.dropped_packets ? 'n warn' : 'n'), element('td', count(c.malformed_packets), 'n')]);
    table('collectors', ['Collector', 'Node', '>Silent for', '>Lost batches'], collectors, c => [
      element('td', c.collector), element('td', c.node),
      element('td', span(c.silent_seconds), c.silent_seconds > 3 * c.interval_seconds ? 'n bad' : 'n'),
      element('td', c.lost_batches, c.lost_batches ? 'n warn' : 'n')]);
  } catch (problem) {
    at('state').className = 'bad';
    at('state').replaceChildren(element('span', 'No answer'), element('small', 'What is below may be old: ' + problem.message));
    at('clock').className = 'bad';
    document.title = '● No answer · itnxt';
  }
  setTimeout(refresh, PERIOD);
}
refresh();
</script>
</body>
</html>
)HTML";

std::string nonce() {
  std::random_device device;
  std::string text;
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int word = 0; word < 4; ++word) {
    for (std::uint32_t bits = device(), i = 0; i < 8; ++i, bits >>= 4U) text += kDigits[bits & 15U];
  }
  return text;
}

void append(std::string& out, std::string_view part, std::string_view with) {
  const std::size_t mark = part.find(kNonceMark);
  out += part.substr(0, mark);
  out += with;
  out += part.substr(mark + kNonceMark.size());
}

}  // namespace

StatusPage make_status_page() {
  const std::string once = nonce();
  StatusPage page;
  append(page.html, kStyleAndBody, once);
  append(page.html, kScript, once);
  page.content_security_policy =
      "default-src 'none'; connect-src 'self'; img-src data:; style-src 'nonce-" + once +
      "'; script-src 'nonce-" + once +
      "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return page;
}

}  // namespace itnxt
