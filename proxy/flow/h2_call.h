// One request over HTTP/2: the client's stream and, once it is allowed, the stream to the web site that answers it.
//
// What it keeps while it waits is small and on its client's account (client_account.h): the head as it is sent on, and,
// until the answer begins, up to 64 KiB of the body. With these a request that the web site has surely not looked at is
// asked again (RFC 9113 sections 6.8 and 8.7; RFC 9110 section 9.2.2).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/flow/client_account.h"
#include "proxy/flow/connection.h"
#include "proxy/flow/h2_upstream.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/long_lived.h"
#include "proxy/flow/refusal.h"
#include "proxy/flow/worker.h"
#include "proxy/http/h2_session.h"
#include "proxy/http/h2_translate.h"
#include "proxy/net/asio.h"
#include "proxy/net/deadlines.h"
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
  /// One stream more (or less) whose silence is no sign of an end.
  virtual void add_silent(int change) noexcept = 0;

 protected:
  ~H2CallOwner() = default;
};

/// Owned by its connection's service while the client's stream is open, by the upstream connection while a stream runs
/// there, and by the tasks that work for it. On its worker's thread.
class H2Call final : public H2Caller, public LongLived, public std::enable_shared_from_this<H2Call> {
 public:
  H2Call(Connection& connection, H2CallOwner& owner, http::StreamId stream, StreamCharge charge);
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
  /// For an owner that outlives the call: the answer may wait in its session for longer.
  [[nodiscard]] StreamCharge take_charge() noexcept { return std::move(charge_); }

  void on_answer(http::H2Head& head, bool ends) override;
  void on_interim(http::H2Head& head) override;
  void on_answer_data(std::string_view bytes) override;
  void on_answer_trailers(http::H2Head& trailers) override;
  void on_answer_end() override;
  void on_answer_reset(http::H2Code code) override;
  void on_upload_room() override;

  // LongLived, from the moment it is sent on.
  [[nodiscard]] Connection& connection() noexcept override { return connection_; }
  [[nodiscard]] const Judgement& judgement() const noexcept override { return *judgement_; }
  [[nodiscard]] std::uint64_t moved() const noexcept override { return uploaded_ + downloaded_; }
  [[nodiscard]] std::chrono::seconds silent_for() const noexcept override;
  [[nodiscard]] bool is_request() const noexcept override { return !websocket_ && !silent_; }
  void judge_again() override;
  void was_active_in(TimePoint minute) override { connection_.worker.asking().note_activity(*judgement_, minute); }
  void end() override;

 private:
  static constexpr std::size_t kMostKept = 64 * 1024;
  static constexpr int kMostAskedAnew = 8;
  /// Bytes that one side has sent and the other has not taken yet.
  struct Held {
    std::string bytes;
    bool ends = false;                       ///< nothing comes after them
    std::optional<http::H2Head> trailers{};  ///< but these
  };

  /// What is waited for has not come.
  class Patience final : public net::Deadline {
   public:
    explicit Patience(H2Call& call) : Deadline(call.connection_.worker.deadlines()), call_(call) {}
    using Deadline::clear_deadline;
    using Deadline::expire_after;

   private:
    void on_deadline() override { call_.out_of_patience(); }
    H2Call& call_;
  };

  void answer_status(int status, std::string detail);
  void answer_fault(const FaultPage& fault);
  void answer_page(const std::string& http1);
  [[nodiscard]] bool take_continue(std::string_view& target);
  void prepare();
  void send_on();
  [[nodiscard]] bool still_passes();
  void refuse_now(CameBy came_by);
  void forward(H2Upstream& upstream);
  [[nodiscard]] bool may_be_asked_anew(http::H2Code code);
  void ask_anew();
  void begin_with_http1();
  void require_http1();
  void out_of_patience();
  void bytes_have_moved();
  [[nodiscard]] bool account_for_held();
  void set_silent(bool silent);
  void leave_upstream();
  void log_end();
  void push_upload();
  void push_download();
  void finish();
  net::awaitable<void> refuse(CameBy came_by);
  net::awaitable<void> refuse_answer(Judgement judgement);
  net::awaitable<void> connect_then_send_on();

  Connection& connection_;
  Worker& worker_;      ///< which outlives the connection, where all of it ends at once
  H2CallOwner* owner_;  ///< null once the client has left
  http::StreamId stream_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();

  StreamCharge charge_;
  Patience patience_{*this};

  http::H2Head from_;             ///< the request's head as it came; heads_ views it. Both until it is ready to be sent
  std::unique_ptr<Heads> heads_;  ///< on, or is refused
  http::H2Head sent_;             ///< the head as it is sent on; until the answer begins
  std::size_t sent_size_ = 0;
  std::string kept_;            ///< the body that has gone to the web site; until the answer begins
  bool kept_whole_ = true;      ///< all of it
  std::size_t given_back_ = 0;  ///< of the body, to the client's window, that will be sent once more
  bool request_ends_ = false;   ///< with its head
  bool to_head_ = false, websocket_ = false;
  std::string method_, target_;
  std::optional<rules::Request> request_;
  std::optional<Judgement> judgement_;
  rules::Adjustments adjusted_;

  std::shared_ptr<H2Upstream> upstream_;
  http::StreamId up_ = 0;  ///< the stream there, 0 for none
  int tries_ = 0;
  bool answered_ = false;
  int asked_anew_ = 0;  ///< times; see may_be_asked_anew()
  bool lost_once_ = false, repeatable_ = false;
  bool listed_ = false;  ///< in the worker's list
  bool logged_ = false;
  bool silent_ = false;           ///< may be silent as long as a tunnel
  std::uint32_t last_moved_ = 0;  ///< by DeadlineList::now()
  http::TrailersOf trailers_ = http::TrailersOf::message;
  Held upload_, download_;
  bool upload_done_ = false, download_done_ = false;
  std::uint64_t uploaded_ = 0, downloaded_ = 0;
};

}  // namespace schoolgate::flow
