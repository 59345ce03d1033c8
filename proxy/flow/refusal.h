// Saying no: the record first, then the page; and the pages for what failed.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "proxy/flow/connection.h"
#include "proxy/flow/counters.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/pages.h"
#include "proxy/flow/served.h"
#include "proxy/http/message.h"
#include "proxy/net/asio.h"
#include "proxy/net/failure.h"

namespace schoolgate::flow {

/// Files the record of a refusing judgement and waits for it to be on disk: nothing is answered before (law 3).
/// Returns the reference that the page shows.
net::awaitable<std::string> record_refusal(Connection& connection, const Judgement& judgement,
                                           const rules::Request& request, const CameBy& came_by);

/// The same, and the line of the decision log. What the connection to the page was refused as (Inside::told) is not
/// recorded a second time: it has its number.
net::awaitable<std::string> record_and_log(Connection& connection, const Judgement& judgement,
                                           const rules::Request& request, const CameBy& came_by);

/// The page that fits a refusing verdict, as the whole HTTP/1.1 answer.
[[nodiscard]] std::string refusal_answer(Connection& connection, const Judgement& judgement,
                                         const rules::Request& request, std::string_view reference, bool keep_alive,
                                         bool head_only);

/// Records, then sends the page that fits the verdict. Consumes the request's head.
net::awaitable<Served> refuse(Connection& connection, const Judgement& judgement, const rules::Request& request,
                              const http::RequestHead& head);

/// A page about something that failed, which the policy had no part in.
struct FaultPage {
  int status = 502;
  PageKind kind = PageKind::upstream;
  std::string_view site;
  Fault whose = Fault::upstream;
  std::string detail;
};
/// Counts a destination that could not be reached or may not be.
void count_fault(Connection& connection, net::FailureKind kind);
/// Counts it, and the page for it.
[[nodiscard]] FaultPage fault_of(Connection& connection, const net::Failure& failure, std::string_view site);

/// The page for it, as the whole HTTP/1.1 answer.
[[nodiscard]] std::string fault_answer(Connection& connection, const FaultPage& fault, bool keep_alive, bool head_only);

/// Sends the page, without its body to HEAD (RFC 9110 section 9.3.2). The connection ends with it.
net::awaitable<void> answer_fault(Connection& connection, const FaultPage& fault, http::Method asked);

}  // namespace schoolgate::flow
