// The bodies of answers, made while they are sent. Thread: any, one at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace itnxt {

// Fills up to `size` bytes; 0 only at the end.
using BodyReader = std::function<std::size_t(char* buffer, std::size_t size)>;

// A text that is there already.
BodyReader text_body(std::string text);

// {"status":"success","data":[…]}, an element a line. `next` appends one element and says whether
// there was one. `tail`: further members, each with a comma before it.
BodyReader list_body(std::function<bool(std::string& out)> next, std::string tail = {});

}  // namespace itnxt
