#include "tests/config/json_schema.hpp"

#include <regex.h>

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>

namespace itnxt::testing_support {
namespace {

using nlohmann::json;

class Validator {
 public:
  explicit Validator(const json& root) : root_(root) {}

  std::string check(const json& schema, const json& value, const std::string& where) {
    for (const auto& [keyword, rule] : schema.items()) {
      const auto handler = handlers().find(keyword);
      if (handler == handlers().end()) throw std::logic_error("keyword not tested: " + keyword);
      if (!handler->second) continue;  // an annotation
      const std::string fault = handler->second(*this, rule, schema, value, where);
      if (!fault.empty()) return fault;
    }
    return "";
  }

 private:
  using Handler = std::function<std::string(Validator&, const json&, const json&, const json&,
                                            const std::string&)>;

  static bool has_type(const std::string& type, const json& v) {
    if (type == "null") return v.is_null();
    if (type == "object") return v.is_object();
    if (type == "array") return v.is_array();
    if (type == "string") return v.is_string();
    if (type == "boolean") return v.is_boolean();
    if (type == "number") return v.is_number();
    if (type == "integer") return v.is_number_integer();
    throw std::logic_error("type not tested: " + type);
  }

  std::string count_matching(const json& rules, const json& value, const std::string& where,
                             std::size_t most) {
    std::size_t fitting = 0;
    std::string fault = where + ": fits none";
    for (const json& rule : rules) {
      const std::string f = check(rule, value, where);
      if (f.empty()) {
        ++fitting;
      } else {
        fault = f;
      }
    }
    if (fitting == 0) return fault;
    return fitting > most ? where + ": fits more than one" : "";
  }

  static const std::map<std::string, Handler>& handlers();

  const json& root_;
};

std::string unless(bool fine, const std::string& where, const char* keyword) {
  return fine ? "" : where + ": " + keyword;
}

const std::map<std::string, Validator::Handler>& Validator::handlers() {
  using V = Validator;
  using J = const json&;
  using S = const std::string&;
  static const std::map<std::string, Handler> all = {
      {"$schema", nullptr},
      {"$id", nullptr},
      {"title", nullptr},
      {"description", nullptr},
      {"default", nullptr},
      {"definitions", nullptr},
      {"$ref",
       [](V& v, J rule, J, J value, S where) {
         const std::string ref = rule;
         return v.check(v.root_.at(json::json_pointer(ref.substr(1))), value, where);
       }},
      {"type",
       [](V&, J rule, J, J value, S where) {
         bool fine = false;
         if (rule.is_string()) fine = has_type(rule, value);
         if (rule.is_array()) {
           for (const json& t : rule) fine = fine || has_type(t, value);
         }
         return unless(fine, where, "type");
       }},
      {"enum",
       [](V&, J rule, J, J value, S where) {
         return unless(std::find(rule.begin(), rule.end(), value) != rule.end(), where, "enum");
       }},
      {"pattern",
       [](V&, J rule, J, J value, S where) {
         const bool fine = !value.is_string() || matches(value, rule);
         return unless(fine, where, "pattern");
       }},
      {"minLength",
       [](V&, J rule, J, J value, S where) {
         return unless(!value.is_string() || value.get<std::string>().size() >= rule, where,
                       "minLength");
       }},
      {"maxLength",
       [](V&, J rule, J, J value, S where) {
         return unless(!value.is_string() || value.get<std::string>().size() <= rule, where,
                       "maxLength");
       }},
      {"minimum",
       [](V&, J rule, J, J value, S where) {
         return unless(!value.is_number() || value >= rule, where, "minimum");
       }},
      {"maximum",
       [](V&, J rule, J, J value, S where) {
         return unless(!value.is_number() || value <= rule, where, "maximum");
       }},
      {"properties",
       [](V& v, J rule, J, J value, S where) -> std::string {
         if (!value.is_object()) return "";
         for (const auto& [key, sub] : rule.items()) {
           if (!value.contains(key)) continue;
           std::string fault = v.check(sub, value.at(key), where + "/" + key);
           if (!fault.empty()) return fault;
         }
         return "";
       }},
      {"additionalProperties",
       [](V& v, J rule, J schema, J value, S where) -> std::string {
         if (!value.is_object()) return "";
         for (const auto& [key, item] : value.items()) {
           if (schema.contains("properties") && schema.at("properties").contains(key)) continue;
           if (rule == false) return where + ": unknown " + key;
           std::string fault = v.check(rule, item, where + "/" + key);
           if (!fault.empty()) return fault;
         }
         return "";
       }},
      {"propertyNames",
       [](V& v, J rule, J, J value, S where) -> std::string {
         if (!value.is_object()) return "";
         for (const auto& [key, item] : value.items()) {
           std::string fault = v.check(rule, key, where + "/" + key);
           if (!fault.empty()) return fault;
         }
         return "";
       }},
      {"required",
       [](V&, J rule, J, J value, S where) -> std::string {
         if (!value.is_object()) return "";
         for (const json& key : rule) {
           if (!value.contains(key)) return where + ": lacks " + key.get<std::string>();
         }
         return "";
       }},
      {"dependencies",
       [](V&, J rule, J, J value, S where) -> std::string {
         if (!value.is_object()) return "";
         for (const auto& [key, needs] : rule.items()) {
           if (!value.contains(key)) continue;
           for (const json& need : needs) {
             if (!value.contains(need)) return where + ": dependencies";
           }
         }
         return "";
       }},
      {"minProperties",
       [](V&, J rule, J, J value, S where) {
         return unless(!value.is_object() || value.size() >= rule, where, "minProperties");
       }},
      {"maxProperties",
       [](V&, J rule, J, J value, S where) {
         return unless(!value.is_object() || value.size() <= rule, where, "maxProperties");
       }},
      {"items",
       [](V& v, J rule, J, J value, S where) -> std::string {
         if (!value.is_array()) return "";
         for (std::size_t i = 0; i < value.size(); ++i) {
           std::string fault = v.check(rule, value.at(i), where + "/" + std::to_string(i));
           if (!fault.empty()) return fault;
         }
         return "";
       }},
      {"minItems",
       [](V&, J rule, J, J value, S where) {
         return unless(!value.is_array() || value.size() >= rule, where, "minItems");
       }},
      {"uniqueItems",
       [](V&, J, J, J value, S where) -> std::string {
         for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
           for (std::size_t j = 0; j < i; ++j) {
             if (value.at(i) == value.at(j)) return where + ": uniqueItems";
           }
         }
         return "";
       }},
      {"allOf",
       [](V& v, J rule, J, J value, S where) -> std::string {
         for (const json& sub : rule) {
           std::string fault = v.check(sub, value, where);
           if (!fault.empty()) return fault;
         }
         return "";
       }},
      {"not", [](V& v, J rule, J, J value,
                 S where) { return unless(!v.check(rule, value, where).empty(), where, "not"); }},
      {"anyOf", [](V& v, J rule, J, J value,
                   S where) { return v.count_matching(rule, value, where, rule.size()); }},
      {"oneOf",
       [](V& v, J rule, J, J value, S where) { return v.count_matching(rule, value, where, 1); }},
  };
  return all;
}

}  // namespace

bool matches(const std::string& text, const std::string& pattern) {
  regex_t expression{};
  if (regcomp(&expression, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0) {
    throw std::logic_error("no regular expression: " + pattern);
  }
  const bool found = regexec(&expression, text.c_str(), 0, nullptr, 0) == 0;
  regfree(&expression);
  return found;
}

std::string validate(const json& root, const json& value) {
  return Validator(root).check(root, value, "");
}

}  // namespace itnxt::testing_support
