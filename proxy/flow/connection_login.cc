#include "proxy/flow/connection_login.h"

#include <algorithm>

#include "proxy/http/field_names.h"

namespace schoolgate::flow {
namespace {

using http::equal_ignoring_case;

constexpr std::string_view kSpace = " \t";

bool is_connection_scheme(std::string_view word) noexcept {
  return equal_ignoring_case(word, "NTLM") || equal_ignoring_case(word, "Negotiate");
}

template <typename Holds>
bool any_field(const http::Fields& fields, std::string_view name, Holds holds) noexcept {
  return std::ranges::any_of(fields.items(), [&](const http::Field& field) {
    return equal_ignoring_case(field.name, name) && holds(field.value);
  });
}

bool wants_login(const http::ResponseHead& answer) noexcept {
  return any_field(answer.fields, "WWW-Authenticate", names_connection_login);
}

}  // namespace

// A comma inside a quoted string begins an element too: to see a login where there is none costs a connection that is
// not shared, to miss one costs a person's name.
bool names_connection_login(std::string_view value) noexcept {
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    std::string_view element = value.substr(0, comma);
    value.remove_prefix(std::min(comma + 1, value.size()));
    element.remove_prefix(std::min(element.find_first_not_of(kSpace), element.size()));
    if (is_connection_scheme(element.substr(0, element.find_first_of(kSpace)))) return true;
  }
  return false;
}

bool logs_in_connection(const http::Fields& of_request) noexcept {
  return std::ranges::any_of(of_request.items(), [](const http::Field& field) {
    return field.known == http::Name::authorization && names_connection_login(field.value);
  });
}

bool logs_in_connection(const http::ResponseHead& answer) noexcept {
  const auto is_true = [](std::string_view value) { return equal_ignoring_case(value, "true"); };
  if (any_field(answer.fields, "Persistent-Auth", is_true)) return true;
  return answer.status != 401 && wants_login(answer);
}

void tell_that_logins_hold(http::ResponseHead& answer) noexcept {
  if (answer.status != 401 || !wants_login(answer)) return;
  (void)answer.fields.add({.name = "Proxy-Support", .value = "Session-Based-Authentication"});
}

}  // namespace schoolgate::flow
