// Admission: what becomes of a request, decided in one place for HTTP/1, HTTP/2, CONNECT and TLS.
//
// The order is the contract: the sign-in page, the verdict, the door before it, an operating system's probe, the look
// inside, the refusal, the port, the record of a monitored visit, and at last where the request leads. Each entrance
// (serve_http, serve_connect, serve_tls, h2_call) answers in the words of its own protocol. An answer that an entrance
// does not know ends its connection: nothing goes on by default.
//
// Nothing here waits but admit_hello(), and nothing here is sent. On the worker's thread.
#pragma once

#include <optional>
#include <variant>

#include "base/held.h"
#include "proxy/flow/captive_probes.h"
#include "proxy/flow/connection.h"
#include "proxy/flow/hello_gate.h"
#include "proxy/flow/inspection.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/sign_in_gate.h"
#include "proxy/flow/upstream.h"
#include "proxy/net/asio.h"
#include "rules/request.h"

namespace schoolgate::flow {

/// The sign-in page is asked for. Every client reaches it.
struct ToPortal {
  Held<const SignInGate> gate;
};
/// The client has to log in, sign in or wait before the verdict counts: Judgement::doorway.
struct Door {};
/// An operating system looks for a sign-in page, and none is in its way.
struct Probe {
  const CaptiveProbe* probe;
};
/// The policy blocks it or warns of it.
struct Refused {};
/// The policy lets it pass, and no tunnel may lead to its port.
struct PortClosed {};
/// TunnelTerms::must_open, and the policy never opens this name: relayed, it could be the way round the rules.
struct NeverOpened {};
/// The policy lets it pass, on a connection that was opened to show a page and leads nowhere: a new one finds the site.
struct AskAnew {};
/// TLS is opened, and each request inside is judged. Judgement::refuses() says whether the name alone is refused.
struct Opened {
  Destination to;
};
/// It goes on. `to` is empty on an opened connection, which leads to Inside::to.
struct Goes {
  Destination to;
};

struct Admission {
  Judgement judgement;
  std::variant<Refused, ToPortal, Door, Probe, PortClosed, NeverOpened, AskAnew, Opened, Goes> answer;

  template <class Answer>
  [[nodiscard]] const Answer* as() const noexcept {
    return std::get_if<Answer>(&answer);
  }
};

/// What may become of a tunnel. A request that asks for none has the default.
struct TunnelTerms {
  Held<const Inspection> inspection = {};  ///< by which TLS is opened; null: it is relayed or refused
  bool port_closed = false;                ///< no tunnel may lead to this port
  bool must_open = false;                  ///< what CONNECT named has to be looked into
};

/// Counts the request, and files the record of a monitored visit that goes on. `fields` are those of the request's head
/// and tell how it came about; null where none were seen. `request` outlives the admission.
[[nodiscard]] Admission admit(Connection& connection, const rules::Request& request, rules::Stage stage,
                              const http::Fields* fields, const TunnelTerms& terms = {});

/// The same for the ClientHello of a transparent connection to `host`. Waits where the certificate of the site has to
/// be seen first: a browser may use the connection for all its names (coalescing.h).
net::awaitable<Admission> admit_hello(Connection& connection, const NamedHello& hello, const rules::Request& request,
                                      const names::Host& host, Held<const Inspection> inspection);

/// What went on and has waited since (for a dial, a look-up, the client's next bytes), by the policy and the person of
/// now. Counts and records nothing.
[[nodiscard]] Admission admit_again(Connection& connection, const rules::Request& request, rules::Stage stage,
                                    const TunnelTerms& terms = {});

/// The same as a question: the judgement that refuses now, if policy or person have changed since `then` and it does.
[[nodiscard]] std::optional<Judgement> refused_since(Connection& connection, const rules::Request& request,
                                                     const Judgement& then);

}  // namespace schoolgate::flow
