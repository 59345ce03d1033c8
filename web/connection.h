// The life of one connection of a browser: handshake, requests one after the other, the end. Internal to the server.
//
// On the loop's thread only, but for the handlers, which run on the pool. Frees its place in the hub when it goes.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "web/asio.h"
#include "web/hub.h"
#include "web/server.h"

namespace schoolgate::web {

/// Cancels what waits on a socket when the time is up.
class Deadline {
 public:
  explicit Deadline(Socket& socket);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(std::chrono::milliseconds time);
  void clear();
  /// The time set last ran out.
  [[nodiscard]] bool expired() const noexcept { return state_->expired; }

 private:
  struct State {
    explicit State(Socket& s) : socket(&s), timer(s.get_executor()) {}
    Socket* socket;  ///< null when the connection is gone: a timer's handler may come later
    Timer timer;
    unsigned generation = 0;
    bool expired = false;
  };
  std::shared_ptr<State> state_;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Hub> hub, std::shared_ptr<const Listener> listener, Socket socket, names::IpAddress peer,
             std::uint16_t peer_port, names::IpAddress local);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// To the end of the connection; holds it alive meanwhile.
  static awaitable<void> run(std::shared_ptr<Connection> self);
  /// The server stops: ends now when nothing is being asked or answered, else after this answer.
  void finish_soon();
  /// The server waits no longer.
  void cut();

 private:
  struct Pending;
  struct Turn;

  template <class Stream>
  awaitable<void> serve(Stream& stream);
  /// One request and its answer; false when the connection ends with it.
  template <class Stream, class Buffer>
  awaitable<bool> take_turn(Stream& stream, Buffer& buffer);
  /// The outcome of reading a request's head or body.
  template <class Stream, class Buffer>
  awaitable<void> read_request(Stream& stream, Buffer& buffer, Turn& turn);
  template <class Stream>
  awaitable<bool> write(Stream& stream, Response& response, bool keep_alive, bool head_only);
  template <class Stream>
  awaitable<void> linger(Stream& stream);
  awaitable<Response> ask(std::shared_ptr<Request> request);

  std::shared_ptr<Hub> hub_;
  std::shared_ptr<const Listener> listener_;
  Socket socket_;
  std::optional<TlsStream> tls_;
  Deadline deadline_;
  names::IpAddress peer_, local_;
  std::uint16_t peer_port_;
  bool idle_ = true;
  std::shared_ptr<Pending> pending_;
};

}  // namespace schoolgate::web
