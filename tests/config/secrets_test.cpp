// Secrets come from outside the file, and never get out again.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "daemon/config/load.hpp"

namespace itnxt {
namespace {

namespace fs = std::filesystem;

class Secrets : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "itnxt-secrets-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
    unsetenv("ITNXT_TEST_SECRET");
    unsetenv("CREDENTIALS_DIRECTORY");
  }
  void TearDown() override {
    unsetenv("CREDENTIALS_DIRECTORY");
    fs::remove_all(path_);
  }
  void write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    chmod((path_ / name).c_str(), mode);
  }
  // Loads a file whose credentials `c` and webhook `w` have this reference.
  Loaded load(const std::string& reference, Purpose purpose) const {
    write("a.yaml",
          "transport: {aggregators: [\"ipc:///x\"]}\naggregator: {listen: \"ipc:///x\"}\n"
          "credentials: {c: {version: 2c, insecure_ok: x, community: " +
              reference + "}}\n");
    return load_config(path_ / "a.yaml", purpose);
  }
  // What is said, without the folder and without excerpts.
  std::string says(const std::string& reference, Purpose purpose = Purpose::run) const {
    std::string text;
    for (const Issue& issue : load(reference, purpose).issues) {
      text += std::string(issue.warning ? "warning: " : "") + issue.message + "\n";
    }
    for (std::size_t at = text.find(path_.string()); at != std::string::npos;
         at = text.find(path_.string())) {
      text.erase(at, path_.string().size() + 1);
    }
    return text;
  }
  std::string value(const std::string& reference) const {
    const Loaded loaded = load(reference, Purpose::run);
    return loaded.config ? loaded.config->credentials.at("c").community.reveal() : "(none)";
  }
  fs::path path_;
};

TEST_F(Secrets, FromAFile) {
  write("s", "hunter2\n");
  EXPECT_EQ(value("{file: s}"), "hunter2") << "relative to the file that names it, trimmed";
  EXPECT_EQ(value("{file: " + (path_ / "s").string() + "}"), "hunter2");
  write("s", "hunter2\r\n");
  EXPECT_EQ(value("{file: s}"), "hunter2");
  write("s", "two\nlines\n\n");
  EXPECT_EQ(value("{file: s}"), "two\nlines\n");
  write("s", std::string(64U << 10U, 'x'));
  EXPECT_EQ(value("{file: s}").size(), 64U << 10U);
}

TEST_F(Secrets, FromTheEnvironment) {
  setenv("ITNXT_TEST_SECRET", "hunter2", 1);
  EXPECT_EQ(value("{env: ITNXT_TEST_SECRET}"), "hunter2");
}

TEST_F(Secrets, FromSystemd) {
  setenv("CREDENTIALS_DIRECTORY", path_.c_str(), 1);
  write("snmp", "hunter2\n", 0444);  // its folder guards it
  EXPECT_EQ(value("{credential: snmp}"), "hunter2");
  EXPECT_EQ(says("{credential: snmp}"), "");
  EXPECT_EQ(says("{credential: other}"), "'other' cannot be read: No such file or directory\n");
}

TEST_F(Secrets, NamedOutsideAConfiguration) {
  write("secret", "hunter2\n");
  Secret file(Secret::Source::file, path_ / "secret");
  ASSERT_TRUE(read_secret(file));
  EXPECT_EQ(file.reveal(), "hunter2");
  Secret missing(Secret::Source::env, "ITNXT_TEST_SECRET");
  EXPECT_EQ(read_secret(missing).error(), "environment variable 'ITNXT_TEST_SECRET' is not set");
  EXPECT_EQ(missing.reveal(), "");
}

TEST_F(Secrets, ThatAreNotThere) {
  EXPECT_EQ(says("{file: none}"), "'none' cannot be read: No such file or directory\n");
  EXPECT_EQ(says("{file: none}", Purpose::check),
            "warning: 'none' cannot be read: No such file or directory\n");
  EXPECT_EQ(says("{env: ITNXT_TEST_SECRET}"),
            "environment variable 'ITNXT_TEST_SECRET' is not set\n");
  EXPECT_EQ(says("{credential: snmp}"),
            "credential 'snmp' cannot be read: CREDENTIALS_DIRECTORY is not set; give the unit "
            "LoadCredential=snmp:PATH\n");
  EXPECT_EQ(says("{file: .}"), "'' is no regular file\n");
}

TEST_F(Secrets, ThatAreNoSecrets) {
  write("empty", "");
  EXPECT_EQ(says("{file: empty}"), "'empty' is empty; expected a secret\n");
  write("line", "\n");
  EXPECT_EQ(says("{file: line}", Purpose::check), "'line' is empty; expected a secret\n");
  write("big", std::string((64U << 10U) + 1, 'x'));
  EXPECT_EQ(says("{file: big}"), "'big' has more than 64KiB; expected a secret\n");
  setenv("ITNXT_TEST_SECRET", "", 1);
  EXPECT_EQ(says("{env: ITNXT_TEST_SECRET}"),
            "environment variable 'ITNXT_TEST_SECRET' is empty; expected a secret\n");
  ASSERT_EQ(mkfifo((path_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(says("{file: fifo}"), "'fifo' is no regular file\n");
}

TEST_F(Secrets, ThatEverybodyCanRead) {
  write("open", "hunter2", 0644);
  EXPECT_EQ(says("{file: open}"),
            "warning: 'open' can be read by every user of this host; run: chmod o-rwx 'open'\n");
  EXPECT_EQ(value("{file: open}"), "hunter2");
}

TEST_F(Secrets, OnlyThoseThePurposeNeeds) {
  EXPECT_EQ(says("{file: none}", Purpose::aggregate), "");
  EXPECT_EQ(says("{file: none}", Purpose::collect), "") << "no collector uses it";
  const std::string text =
      "inventory: {devices: [{name: d, address: h, credentials: c}]}\n"
      "credentials: {c: {version: 2c, insecure_ok: x, community: {env: ITNXT_TEST_SECRET}}}\n"
      "collectors: [{kind: snmp, name: s}]\n"
      "transport: {aggregators: [\"ipc:///x\"]}\n"
      "aggregator: {listen: \"ipc:///x\"}\n"
      "notify: {channels: {w: {type: webhook, url: \"https://h/\", secret: {env: "
      "ITNXT_TEST_SECRET}}}}\n";
  const auto lines = [&](Purpose purpose) {
    std::string places;
    for (const Issue& issue : load_config_text("a.yaml", text, purpose).issues) {
      if (!issue.warning) places += std::to_string(issue.line) + " ";
    }
    return places;
  };
  EXPECT_EQ(lines(Purpose::run), "2 6 ");
  EXPECT_EQ(lines(Purpose::collect), "2 ");
  EXPECT_EQ(lines(Purpose::aggregate), "6 ");
  EXPECT_EQ(lines(Purpose::check), "");
}

// Whatever is wrong around it, in whatever form it stands: the secret is in no message.
TEST_F(Secrets, NeverGetOut) {
  EXPECT_TRUE(rc::check([] {
    const std::string secret = "Xq7-hunter2";
    const auto form = *rc::gen::element<std::string>(
        std::string(secret), "\"" + secret + "\"", "'" + secret + "'", "[" + secret + "]",
        "{" + secret + "}", "{value: " + secret + "}", "{" + secret + ": x}", "&a " + secret,
        "!!str " + secret, "\"a,b} " + secret + "\"", "'it''s " + secret + "'", "\"" + secret,
        "[[" + secret + "]]", "{file: a, " + secret + "}", "|\n      " + secret,
        ">-\n      a\n      " + secret + "\n", "\"a\n      " + secret + "\"", "*" + secret);
    const auto key = *rc::gen::element<std::string>("community", "comunity", "Community",
                                                    "auth_password", "secret", "secrt");
    const auto before = *rc::gen::element<std::string>(
        "version: 2c", "version: 3", "versio: 2c", "x: [", "version: 2c, version: 2c", "@: x",
        "insecure_ok: \"a", "insecure_ok: 'a", "x: &a y", "\t", "community: " + secret);
    const auto after = *rc::gen::element<std::string>("insecure_ok: x", "insecure: x", "}", "b: *a",
                                                      "]", "x: \"", "x: '", "a: b: c", "");
    const bool flow = *rc::gen::arbitrary<bool>();
    const std::string text =
        flow ? "credentials: {c: {" + before + ", " + key + ": " + form + ", " + after + "}}\n"
             : "credentials:\n  c:\n    " + before + "\n    " + key + ": " + form + "\n    " +
                   after + "\n";
    for (const Issue& issue : load_config_text("a.yaml", text, Purpose::run).issues) {
      RC_ASSERT(to_text(issue).find("hunter2") == std::string::npos);
    }
  }));
}

// Chat services put the token in the webhook's path: of a URL only SCHEME://HOST[:PORT] is shown.
TEST_F(Secrets, TailsOfUrlsNeverGetOut) {
  const auto said = [](const std::string& text) {
    std::string output;
    for (const Issue& issue : load_config_text("a.yaml", text, Purpose::check).issues) {
      output += to_text(issue);
    }
    return output;
  };
  const std::string webhook = "notify: {channels: {a: {type: webhook, url: ";
  EXPECT_EQ(said(webhook + "\"http://hooks.example.org/services/T0KEN\"}}}\n"),
            "a.yaml:1:45: warning: url: pages leave this host unencrypted; expected https://\n"
            "notify: {channels: {a: {type: webhook, url: \"http://hooks.example.org/***\"}}}\n"
            "                                            ^\n");
  EXPECT_EQ(said(webhook + "'http://h:8080?t=T0KEN', x: 1}}}\n"),
            "a.yaml:1:45: warning: url: pages leave this host unencrypted; expected https://\n"
            "notify: {channels: {a: {type: webhook, url: 'http://h:8080?***', x: 1}}}\n"
            "                                            ^\n"
            "a.yaml:1:70: unknown key 'x' in a webhook channel; known: type, url, secret\n"
            "notify: {channels: {a: {type: webhook, url: 'http://h:8080?***', x: 1}}}\n"
            "                                                                 ^\n");
  EXPECT_EQ(said(webhook + "hooks.example.org/services/T0KEN}}}\n"),
            "a.yaml:1:45: url: expected an http:// or https:// URL, not 'hooks.example.org/***'\n"
            "notify: {channels: {a: {type: webhook, url: hooks.example.org/***}}}\n"
            "                                            ^\n");
  EXPECT_EQ(said("notify:\n  channels:\n    a:\n      type: alertmanager\n      urls:\n"
                 "        - http://h/T0KEN\n        - http://h/T0KEN  # or http://i/T0KEN\n"),
            "a.yaml:7:11: urls: 'http://h/***' stands twice in this list\n"
            "        - http://h/***  # or http://i/***\n"
            "          ^\n");
}

// However it is written, whatever is wrong around it.
TEST_F(Secrets, TailsOfUrlsNeverGetOutOfAnyFile) {
  EXPECT_TRUE(rc::check([] {
    const auto scheme = *rc::gen::element<std::string>("http://", "https://", "HTTP://");
    const auto host =
        *rc::gen::element<std::string>("h", "10.0.0.1:80", "[::1]:80", "exa mple", "h_:x", "");
    const auto mark = *rc::gen::element<std::string>("/", "?", "#", "/a b/");
    const std::string url = scheme + host + mark + "T0KEN";
    const auto form = *rc::gen::element<std::string>(
        std::string(url), "\"" + url + "\"", "'" + url + "'", "[" + url + "]",
        "[a, \"" + url + "\"]", "&a " + url, "!!str " + url, "{x: " + url + "}", "\"" + url,
        ">-\n      " + url, "\"" + scheme + host + mark + "a\n      T0KEN\"", "x # " + url,
        "{\"" + url + "\": x}");
    const auto key = *rc::gen::element<std::string>("url", "urls", "ulr", "type", "runbook_url");
    const auto after =
        *rc::gen::element<std::string>("x: y", "}", "]", "a: b: c", "\t", "", "type: webhook");
    const bool flow = *rc::gen::arbitrary<bool>();
    const std::string text =
        flow ? "notify: {channels: {c: {" + key + ": " + form + ", " + after + "}}}\n"
             : "notify:\n  channels:\n    c:\n    " + std::string("  ") + key + ": " + form +
                   "\n      " + after + "\n";
    for (const Issue& issue : load_config_text("a.yaml", text, Purpose::run).issues) {
      const std::string said = to_text(issue);
      if (said.find("T0KEN") != std::string::npos) RC_LOG() << text << "\n" << said;
      RC_ASSERT(said.find("T0KEN") == std::string::npos);
    }
  }));
}

TEST_F(Secrets, InCommentsNeverGetOut) {
  std::string output;
  for (const Issue& issue :
       load_config_text("a.yaml", "nod: b # community: hunter2\n", Purpose::run).issues) {
    output += to_text(issue);
  }
  EXPECT_EQ(output,
            "a.yaml:1:1: unknown key 'nod' in the configuration; did you mean 'node'?\n"
            "nod: b # community: ***\n^\n");
}

TEST_F(Secrets, NamedByAnAliasNeverGetOut) {
  const std::string text =
      "x: &a hunter2\ny: {z: &b [1, hunter2, \"more\n  hunter2\"]}\n"
      "credentials: {c: {version: 2c, insecure_ok: x, community: *a}, d: {version: 2c, "
      "insecure_ok: x, community: *b}}\n";
  std::string output;
  for (const Issue& issue : load_config_text("a.yaml", text, Purpose::run).issues) {
    output += to_text(issue);
  }
  EXPECT_EQ(output,
            "a.yaml:1:1: unknown key 'x' in the configuration; known: include, node, inventory, "
            "credentials, collectors, transport, aggregator, rules, crisis, notify\n"
            "x: ***\n^\n"
            "a.yaml:1:4: community: a secret never stands in this file; expected {file: PATH}, "
            "{env: NAME} or {credential: NAME}\n"
            "x: ***\n   ^\n"
            "a.yaml:2:1: unknown key 'y' in the configuration; known: include, node, inventory, "
            "credentials, collectors, transport, aggregator, rules, crisis, notify\n"
            "y: {z: &b [***, ***, ***\n^\n"
            "a.yaml:2:8: community: a secret never stands in this file; expected {file: PATH}, "
            "{env: NAME} or {credential: NAME}\n"
            "y: {z: &b [***, ***, ***\n       ^\n");
}

// The secret half of a pair is for its owner only.
TEST_F(Secrets, KeyOfCurve) {
  const std::string key = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
  const auto load_key = [&](const std::string& reference) {
    write("a.yaml", "aggregator: {listen: \"tcp://*:5690\", curve: {secret_key: " + reference +
                        ", nodes: {a: \"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\"}}}\n");
    return load_config(path_ / "a.yaml", Purpose::aggregate);
  };
  write("key", key + "\n");
  const Loaded loaded = load_key("{file: key}");
  ASSERT_TRUE(loaded.config);
  EXPECT_TRUE(loaded.issues.empty());
  EXPECT_EQ(loaded.config->aggregator.curve->secret_key.reveal(), key);
  EXPECT_EQ(loaded.config->aggregator.curve->nodes,
            (std::map<std::string, NodeName>{
                {"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", NodeName("a")}}));

  write("open", key, 0640);
  const std::string open = (path_ / "open").string();
  const Loaded warned = load_key("{file: open}");
  ASSERT_EQ(warned.issues.size(), 1U);
  EXPECT_TRUE(warned.issues[0].warning);
  EXPECT_EQ(
      warned.issues[0].message,
      "'" + open + "' can be read by others than its owner; run: chmod go-rwx '" + open + "'");

  setenv("CREDENTIALS_DIRECTORY", path_.c_str(), 1);
  EXPECT_TRUE(load_key("{credential: open}").issues.empty());  // systemd guards its folder
  EXPECT_TRUE(load_key("{credential: open}").config);
}

// All zeros and the like are well-formed, and no secret at all.
TEST_F(Secrets, KeysOfCurveThatProtectNothing) {
  const std::string good = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
  const std::string other = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
  const auto says_of = [&](const std::string& secret, const std::string& listed) {
    write("key", secret);
    write("a.yaml",
          "aggregator:\n  listen: \"tcp://*:5690\"\n  curve:\n    secret_key: {file: key}\n" +
              std::string("    nodes: {a: \"") + listed + "\"}\n");
    const Loaded loaded = load_config(path_ / "a.yaml", Purpose::aggregate);
    EXPECT_EQ(loaded.config.has_value(), loaded.issues.empty());
    if (loaded.issues.size() != 1) return std::to_string(loaded.issues.size()) + " issues";
    const Issue& issue = loaded.issues.front();
    return std::to_string(issue.line) + ":" + std::to_string(issue.column) + ": " + issue.message;
  };
  EXPECT_EQ(says_of(good, other), "0 issues");
  const std::string file = (path_ / "key").string();
  for (const char* weak : {
           "0000000000000000000000000000000000000000",  // zero
           "0rr9100000000000000000000000000000000000",  // one
           "&oLYpj3*xV7foF([T):m*6J=8OhdwFHggr4uRd:c",  // of order 8, as the next
           "u.0y]QFM){VcY:QOp*om1vMIksr9uQ/DK8D^4p[K",
           ")eNa=%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0%nSaG",  // p - 1
           "HelloHelloHelloHelloHelloHelloHelloHello",
       }) {
    EXPECT_EQ(says_of(weak, other),
              "4:17: '" + file +
                  "' holds a key that protects nothing, since it is no random "
                  "one; expected one that `itnxtctl keygen` made");
    EXPECT_EQ(
        says_of(good, weak),
        "5:16: nodes: this key protects nothing, since it is no random one; expected one that "
        "`itnxtctl keygen` made");
  }
  EXPECT_EQ(says_of(other, other),
            "4:17: secret_key: is the same as the public key of 'a'; expected the file that "
            "`itnxtctl keygen` wrote, and anew if it is the public key that is wrong");
}

}  // namespace
}  // namespace itnxt
