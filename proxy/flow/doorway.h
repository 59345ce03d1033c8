// Before a verdict counts: does the client have to log in or sign in first?
//
// Illegal sites and emergencies are refused and recorded for every client, sites of help open for all; everything
// else waits for a person where the school wants one. Being asked to sign in is no attempt at anything: no record is
// filed, the decision line says "sign-in".
#pragma once

#include <cstdint>
#include <string>

#include "proxy/flow/authenticator.h"
#include "proxy/flow/connection.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/served.h"
#include "proxy/flow/sign_in_gate.h"
#include "proxy/http/message.h"
#include "proxy/net/asio.h"
#include "rules/request.h"

namespace schoolgate::flow {

/// Which door stands before this judgement. `judgement` has verdict, subject and presence. `authenticator` and `gate`
/// may be null: no client is asked to log in, or to sign in.
[[nodiscard]] Doorway doorway_of(const Client& client, const Judgement& judgement, const Authenticator* authenticator,
                                 const SignInGate* gate);

/// What is said at a door that is not open, as the whole HTTP/1.1 answer: 407 with what is offered; 302 to the sign-in
/// page for a page that is asked for; 511 with a page (RFC 6585 section 6) for everything else; 503 where a login
/// cannot be verified now.
[[nodiscard]] std::string doorway_answer(Connection& connection, const Judgement& judgement,
                                         const rules::Request& request, http::Method method, bool keep_alive);

/// Counts and logs it, then answers and consumes the request. Another one can follow also after CONNECT, and after a
/// short body, which is read and dropped: a browser goes on with Negotiate on the same connection.
net::awaitable<Served> answer_at_doorway(Connection& connection, const Judgement& judgement,
                                         const rules::Request& request, const http::RequestHead& head);

/// Counts it and writes the decision line.
void note_doorway(Connection& connection, const Judgement& judgement, const rules::Request& request);

}  // namespace schoolgate::flow
