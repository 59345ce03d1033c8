// A verified HTTP/2 connection to a web site, shared by all clients of a worker that ask for it.
//
// Kept alive by its own pumps; the worker's table finds it again until it is over. On its worker's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "proxy/flow/h2_link.h"
#include "proxy/flow/inside.h"
#include "proxy/http/h2_session.h"

namespace schoolgate::flow {

/// The asker of one request: told of everything that happens to its stream. From inside these calls the session
/// may be used for this stream; on_reset, and the end of both messages, are the last.
class H2Caller {
 public:
  virtual void on_answer(http::H2Head& head, bool ends) = 0;
  virtual void on_interim(http::H2Head& head) = 0;
  virtual void on_answer_data(std::string_view bytes) = 0;
  virtual void on_answer_trailers(http::H2Head& trailers) = 0;
  virtual void on_answer_end() = 0;
  virtual void on_answer_reset(http::H2Code code) = 0;
  virtual void on_upload_room() = 0;

 protected:
  ~H2Caller() = default;
};

/// A dial that several requests wait for, each of which holds it.
struct H2Dial {
  explicit H2Dial(net::Executor executor) : done(executor) { done.expires_at(net::Timer::time_point::max()); }
  net::Timer done;
  std::optional<net::Failure> failure{};
  bool speaks_h2 = true;
};

class H2Upstream final : public http::H2Events, public std::enable_shared_from_this<H2Upstream> {
 public:
  /// The open connection to that web site that can take a request, else a new one. A caller waits for one that
  /// is being dialled. Null: the web site does not speak HTTP/2 any more.
  static net::awaitable<net::Attempt<std::shared_ptr<H2Upstream>>> reach(Worker& worker, const Inside& inside);
  /// Takes over `socket`, on which "h2" was agreed, starts its pumps and enters it into the worker's table.
  static std::shared_ptr<H2Upstream> start(Worker& worker, net::Socket socket, std::string key);
  ~H2Upstream();

  /// True while a request can begin here.
  [[nodiscard]] bool usable() const { return !link_->over() && !leaving_ && session_->free_streams() != 0; }
  /// False for good: another connection has to be found.
  [[nodiscard]] bool lives() const { return !link_->over() && !leaving_; }
  /// True once its connection is over, or on its way: what was asked and not answered is lost.
  [[nodiscard]] bool over() const { return link_->over(); }
  void add_silent(int change) noexcept { link_->add_silent(change); }
  /// 0 when none can begin. The caller stays until its stream is over.
  [[nodiscard]] http::StreamId request(const http::H2Head& head, bool ends, std::shared_ptr<H2Caller> caller);
  /// For what belongs to a stream of the caller's; flush() after it.
  [[nodiscard]] http::H2Session& session() noexcept { return *session_; }
  void flush() { link_->send_soon(); }
  /// Forgets the caller and gives the stream up.
  void give_up(http::StreamId stream);
  /// Forgets the caller of a stream on which both messages are whole.
  void done(http::StreamId stream) { callers_.erase(stream); }

  /// Waits, a second at most, until the web site has said what it takes (SETTINGS).
  net::awaitable<void> settled();
  /// Why the connection ended, where TLS told; else empty.
  [[nodiscard]] const std::string& end() const noexcept { return end_; }

  void on_response(http::StreamId stream, http::H2Head& head, bool ends) override;
  void on_interim(http::StreamId stream, http::H2Head& head) override;
  void on_data(http::StreamId stream, std::string_view bytes) override;
  void on_trailers(http::StreamId stream, http::H2Head& trailers) override;
  void on_end(http::StreamId stream) override;
  void on_reset(http::StreamId stream, http::H2Code code) override;
  void on_writable(http::StreamId stream) override;
  void on_settings() override;
  void on_goaway(http::StreamId last, http::H2Code code) override;

 private:
  H2Upstream(Worker& worker, net::Socket socket, std::string key);
  net::awaitable<void> run();
  [[nodiscard]] std::shared_ptr<H2Caller> caller_of(http::StreamId stream) const;

  Worker& worker_;
  net::Socket socket_;
  std::string key_;
  std::unique_ptr<http::H2Session> session_;
  std::shared_ptr<H2Link> link_;
  std::unordered_map<http::StreamId, std::shared_ptr<H2Caller>> callers_;
  std::string end_;
  net::Timer settled_;
  bool knows_settings_ = false;
  bool leaving_ = false;  ///< the web site begins no more streams
};

}  // namespace schoolgate::flow
