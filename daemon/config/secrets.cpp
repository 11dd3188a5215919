// Secrets: references in the file, values from outside it. No message repeats a value.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "daemon/config/curve_keys.hpp"
#include "daemon/config/draft.hpp"
#include "daemon/config/load.hpp"
#include "daemon/config/read_file.hpp"
#include "daemon/config/scalars.hpp"
#include "daemon/core/text.hpp"

namespace itnxt {
namespace {

constexpr std::size_t kMostBytes = 64U << 10U;
constexpr std::size_t kMostShown = 256;  // bytes of a path in a message

struct Answer {
  std::string value;
  std::string problem;   // empty: fine
  bool missing = false;  // the problem is that it is not there
  bool exposed = false;  // everybody on this host can read it
  bool shared = false;   // its group can
};

Answer read_secret_file(const std::string& path) {
  FileText file = read_file(path, kMostBytes);
  const auto answer = [&](std::string_view what, bool missing) {
    return Answer{{},
                  fmt::format("{} {}", in_quotes(path, kMostShown), what),
                  missing,
                  file.others_may_read,
                  file.group_may_read};
  };
  switch (file.fault) {
    case FileText::Fault::none:
      break;
    case FileText::Fault::unreadable:
      return answer("cannot be read: " + file.why, true);
    case FileText::Fault::directory:
    case FileText::Fault::irregular:
      return answer("is no regular file", false);
    case FileText::Fault::too_large:
      return answer("has more than 64KiB; expected a secret", false);
  }
  if (file.text.ends_with('\n')) file.text.pop_back();
  if (file.text.ends_with('\r')) file.text.pop_back();
  if (file.text.empty()) return answer("is empty; expected a secret", false);
  return {std::move(file.text), {}, false, file.others_may_read, file.group_may_read};
}

Answer read_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    return {{}, fmt::format("environment variable '{}' is not set", name), true};
  }
  if (*value == '\0') {
    return {{}, fmt::format("environment variable '{}' is empty; expected a secret", name), true};
  }
  return {value, {}};
}

Answer read_credential(const std::string& name) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0') {
    return {{},
            fmt::format("credential '{}' cannot be read: CREDENTIALS_DIRECTORY is not set; give "
                        "the unit LoadCredential={}:PATH",
                        name, name),
            true};
  }
  Answer answer = read_secret_file(std::string(directory) + "/" + name);
  answer.exposed = answer.shared = false;  // systemd guards its folder
  return answer;
}

Answer fetch(const Secret& secret) {
  switch (secret.source()) {
    case Secret::Source::none:
      return {};
    case Secret::Source::file:
      return read_secret_file(secret.where());
    case Secret::Source::env:
      return read_environment(secret.where());
    case Secret::Source::credential:
      return read_credential(secret.where());
  }
  return {};
}

bool is_variable(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && name.size() <= 255 && letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

bool is_credential(std::string_view name) {  // a file name, as systemd wants it
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && sanitize(name) == name;
}

void warn_of_readers(Draft& draft, const Value& at, const Secret& secret, std::string_view who,
                     std::string_view mode) {
  const std::string path = in_quotes(secret.where(), kMostShown);
  draft.problems.warning(
      at, fmt::format("{} can be read by {}; run: chmod {} {}", path, who, mode, path));
}

void take(Draft& draft, const Value& at, Secret& secret, Answer answer) {
  if (answer.problem.empty()) {
    secret.set(std::move(answer.value));
  } else if (answer.missing && draft.purpose == Purpose::check) {
    draft.problems.warning(at, answer.problem);
  } else {
    draft.problems.error(at, answer.problem);
  }
}

}  // namespace

bool read_secret_reference(Problems& problems, const Value& value, std::string_view what,
                           Secret& secret) {
  if (!value.is_map()) {
    problems.error(value, fmt::format("{}: a secret never stands in this file; expected {{file: "
                                      "PATH}}, {{env: NAME}} or {{credential: NAME}}",
                                      what));
    return false;
  }
  const Object object(problems, value, schema::secret);
  std::size_t given = 0;
  for (const KeySpec& key : schema::secret.keys) given += object.has(key.name) ? 1U : 0U;
  if (given != 1) {
    problems.error(value,
                   fmt::format("{}: expected exactly one of file, env and credential", what));
    return false;
  }
  if (std::string path; object.path("file", path)) {
    secret = Secret(Secret::Source::file, path);
    return true;
  }
  if (const Value* env = object.find("env")) {
    const auto name = scalar_text(problems, *env, "env");
    if (name && is_variable(*name)) {
      secret = Secret(Secret::Source::env, std::string(*name));
      return true;
    }
    if (name) {
      problems.error(*env,
                     "env: expected the name of an environment variable (letters, digits, _)");
    }
  }
  if (const Value* credential = object.find("credential")) {
    const auto name = scalar_text(problems, *credential, "credential");
    if (name && is_credential(*name)) {
      secret = Secret(Secret::Source::credential, std::string(*name));
      return true;
    }
    if (name) {
      problems.error(*credential, "credential: expected the name of a credential, without '/'");
    }
  }
  return false;
}

void resolve_secret(Draft& draft, const Value& at, Secret& secret) {
  Answer answer = fetch(secret);
  if (answer.exposed) warn_of_readers(draft, at, secret, "every user of this host", "o-rwx");
  take(draft, at, secret, std::move(answer));
}

void resolve_secret_key(Draft& draft, const Value& at, Secret& secret) {
  Answer answer = fetch(secret);
  if (answer.exposed || answer.shared) {
    warn_of_readers(draft, at, secret, "others than its owner", "go-rwx");
  }
  take(draft, at, secret, std::move(answer));
  if (secret.reveal().empty()) return;
  const std::string where = in_quotes(secret.where(), kMostShown);
  switch (look_at_curve_key(secret.reveal())) {
    case CurveKeyFault::none:
      return;
    case CurveKeyFault::malformed:
      return draft.problems.error(
          at, fmt::format("{} holds no key for CURVE; expected 40 characters, as "
                          "`itnxtctl keygen` writes them",
                          where));
    case CurveKeyFault::weak:
      return draft.problems.error(
          at, fmt::format("{} holds a key that protects nothing, since it is no random one; "
                          "expected one that `itnxtctl keygen` made",
                          where));
  }
}

Status read_secret(Secret& secret) {
  Answer answer = fetch(secret);
  if (!answer.problem.empty()) return Error{std::move(answer.problem)};
  secret.set(std::move(answer.value));
  return {};
}

}  // namespace itnxt
