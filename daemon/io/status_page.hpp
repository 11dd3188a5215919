// The page at `/`: one self-contained document, for a phone at three in the morning as well. It
// asks /api/v1/… every few seconds and writes what it gets as text, never as HTML.
#pragma once

#include <string>

namespace itnxt {

struct StatusPage {
  std::string html;
  std::string content_security_policy;  // lets this page's own script and style run, nothing else
};

// A new one for each request: its nonce is good once. Thread: any.
StatusPage make_status_page();

}  // namespace itnxt
