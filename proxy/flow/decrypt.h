// Opening a TLS connection: the web site is reached and verified first, then the client is answered in its name.
#pragma once

#include "base/held.h"
#include "proxy/flow/connection.h"
#include "proxy/flow/hello_gate.h"
#include "proxy/flow/inspection.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/upstream.h"
#include "proxy/net/asio.h"

namespace schoolgate::flow {

/// The host that the client asked for, and where it is.
struct Decrypting {
  names::Host host;  ///< the certificate is minted for it, and the web site has to prove that it is it
  std::uint16_t port = 443;
  Destination to;
  Held<const Inspection> inspection;  ///< that the decision was taken by: a reload meanwhile does not take it away
  bool refused = false;               ///< as far as the name tells: there is a page to show, also where nothing answers
};

/// True when a verified connection is open that decrypt() would take: nothing has to be dialled.
[[nodiscard]] bool is_reached(Worker& worker, const Decrypting& what);

/// The ClientHello lies in connection.inbox. Reaches the web site (a verified connection from the pool, or a new one),
/// learns which protocol it speaks, mints and shakes hands. True: connection.inside is set. A web site that cannot be
/// vouched for does not end here: the client gets a certificate for our own page, which says why. One where nothing
/// listens, or answers, does on the transparent entrance: there the client is told what it would see without us, and
/// its browser finds its own way. `dialled`: the way to the web site, where there is one already.
/// False: the client did not accept our certificate, or left; the connection is over. There is an inspection.
net::awaitable<bool> decrypt(Connection& connection, const NamedHello& hello, Decrypting what,
                             std::optional<net::Socket> dialled = std::nullopt);

/// The same for a host that the policy may refuse by its name and open in part: what comes inside is judged, and where
/// the client does not accept our certificate, so that nothing can come, a refused name is recorded.
net::awaitable<void> decrypt_or_record(Connection& connection, const NamedHello& hello, const Judgement& judgement,
                                       const rules::Request& request, Decrypting what,
                                       std::optional<net::Socket> dialled = std::nullopt);

/// True when a page of ours can be shown inside such a connection: the client's hello can be answered in the name that
/// was judged, and the policy lets it be opened for this client.
[[nodiscard]] bool shows_page(const NamedHello& hello, const Judgement& judgement,
                              const Held<const Inspection>& inspection) noexcept;

/// Answers the hello so that what is asked inside gets the page of `told`, which has been recorded (under `reference`),
/// counted and logged: that is done once. Whatever else is asked there is judged and recorded like any request. False:
/// the client did not accept our certificate.
net::awaitable<bool> open_for_page(Connection& connection, const NamedHello& hello, Decrypting what, Judgement told,
                                   std::string reference);

/// At a door that is not open (doorway.h): the way to the sign-in page inside, where it can be shown; else an alert.
net::awaitable<void> show_door(Connection& connection, const NamedHello& hello, Judgement judgement,
                               const rules::Request& request, Decrypting what);

/// Refuses a connection inside TLS by its name: with the page over a minted certificate where the policy
/// lets this host be opened, so that the attempt is recorded with its address; else, and where the client does not
/// accept the certificate or asks for nothing inside, with a record of the name; an alert where there is no page.
net::awaitable<void> refuse_inside(Connection& connection, const NamedHello& hello, const Judgement& judgement,
                                   const rules::Request& request, Decrypting what);

/// At the end of a connection: the record of the name that refuse_inside() left to what would be asked.
net::awaitable<void> file_if_nothing_was_asked(Connection& connection);

}  // namespace schoolgate::flow
