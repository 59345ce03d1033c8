// The link on the gateway's own pages to the form at the desk on which a reader says that a page is blocked wrongly.
//
// Pure functions, any thread. Only the worker that refuses asks, and never for what is illegal.
#pragma once

#include <string>
#include <string_view>

#include "proxy/flow/judgement.h"
#include "rules/request.h"

namespace schoolgate::flow {

/// "https://gateway.school.example:9443/report?kind=wrongly-blocked&reference=…&address=…", with everything escaped
/// that a query may not hold. `desk` is where the desk is, without a slash at its end; an empty one gives an empty
/// link. The address is the one that was judged, without its query and cut to 300 bytes; it is left out where the list
/// that refused it is sealed.
[[nodiscard]] std::string report_link(std::string_view desk, const Judgement& judgement, const rules::Request& request,
                                      std::string_view reference);

}  // namespace schoolgate::flow
