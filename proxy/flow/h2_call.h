// One request over HTTP/2: the client's stream and, once it is allowed, the stream to the web site that answers it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/flow/connection.h"
#include "proxy/flow/h2_upstream.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/refusal.h"
#include "proxy/flow/worker.h"
#include "proxy/http/h2_session.h"
#include "proxy/http/h2_translate.h"
#include "proxy/net/asio.h"
#include "rules/adjustments.h"

namespace schoolgate::flow {

/// What a call needs of the connection that it came on. Outlives every task that was spawned through it.
class H2CallOwner {
 public:
  [[nodiscard]] virtual http::H2Session& session() noexcept = 0;
  virtual void flush() = 0;
  /// The call's stream is over; the owner lets go of it.
  virtual void ended(http::StreamId stream) = 0;
  virtual void spawn(net::awaitable<void> task) = 0;

 protected:
  ~H2CallOwner() = default;
};

/// Owned by its connection's service while the client's stream is open, by the upstream connection while a stream runs
/// there, and by the tasks that work for it. On its worker's thread.
class H2Call final : public H2Caller, public std::enable_shared_from_this<H2Call> {
 public:
  H2Call(Connection& connection, H2CallOwner& owner, http::StreamId stream);
  ~H2Call();

  /// The request's head: judged, then refused or sent on.
  void begin(http::H2Head& head, bool ends);
  void upload(std::string_view bytes);
  void upload_trailers(http::H2Head& trailers);
  void upload_ends();
  /// The client's stream can take more.
  void download_room();
  /// The client gave the stream up, or its connection is over.
  void client_left();

  void on_answer(http::H2Head& head, bool ends) override;
  void on_interim(http::H2Head& head) override;
  void on_answer_data(std::string_view bytes) override;
  void on_answer_trailers(http::H2Head& trailers) override;
  void on_answer_end() override;
  void on_answer_reset(http::H2Code code) override;
  void on_upload_room() override;

 private:
  /// Bytes that one side has sent and the other has not taken yet.
  struct Held {
    std::string bytes;
    bool ends = false;                       ///< nothing comes after them
    std::optional<http::H2Head> trailers{};  ///< but these
  };

  void answer_status(int status, std::string detail);
  void answer_fault(const Fault& fault);
  void answer_page(const std::string& http1);
  [[nodiscard]] bool take_continue(std::string_view& target);
  void send_on();
  void forward(H2Upstream& upstream);
  void push_upload();
  void push_download();
  void finish();
  net::awaitable<void> refuse();
  net::awaitable<void> refuse_answer(Judgement judgement);
  net::awaitable<void> connect_then_send_on();

  Connection& connection_;
  H2CallOwner* owner_;  ///< null once the client has left
  http::StreamId stream_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();

  http::H2Head from_;             ///< the request's head as it came; heads_ views it
  std::unique_ptr<Heads> heads_;  ///< until the request is sent on or refused
  bool request_ends_ = false;     ///< with its head
  bool to_head_ = false, websocket_ = false;
  std::string method_, target_;
  std::optional<rules::Request> request_;
  std::optional<Judgement> judgement_;
  rules::Adjustments adjusted_;

  std::shared_ptr<H2Upstream> upstream_;
  http::StreamId up_ = 0;  ///< the stream there, 0 for none
  int tries_ = 0;
  bool answered_ = false;
  http::TrailersOf trailers_ = http::TrailersOf::message;
  Held upload_, download_;
  bool upload_done_ = false, download_done_ = false;
  std::uint64_t uploaded_ = 0, downloaded_ = 0;
};

}  // namespace schoolgate::flow
