// Was this form sent from a page of ours? Against cross-site request forgery. Pure, any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "web/request.h"
#include "web/tokens.h"

namespace schoolgate::web {

/// The field of the token in every form: <input type="hidden" name="csrf" value="{{csrf}}">.
inline constexpr std::string_view kCsrfField = "csrf";

/// By the headers that a page cannot forge: Sec-Fetch-Site must be same-origin or none, where it is sent; Origin must
/// be our own (scheme and host), where it is sent. Neither sent: true, the token decides.
[[nodiscard]] bool is_same_origin(const Request& request) noexcept;

/// A form token bound to a session id (or, without sessions, to the device's address) and good for 12 hours.
[[nodiscard]] std::string make_csrf_token(const Tokens& tokens, std::string_view session, TimePoint now);

/// A POST is ours: is_same_origin() and its field `csrf` holds a token of that session. Other methods: true.
[[nodiscard]] bool is_own_form(const Request& request, const Tokens& tokens, std::string_view session);

}  // namespace schoolgate::web
