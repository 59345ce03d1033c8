// The body of one answer, read on its way to the client where the group has its pages read.
//
// Up to 64 KiB of text, or what has come within 250 ms, is held before the first byte goes out: a page that is refused
// by then is never seen. What turns bad later is cut. Lives in the frame of its exchange; its worker's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "content/page_reader.h"
#include "names/host.h"
#include "proxy/flow/body_pump.h"
#include "proxy/flow/client_account.h"
#include "proxy/flow/connection.h"
#include "proxy/flow/judgement.h"
#include "proxy/http/chunked.h"
#include "proxy/http/message.h"
#include "proxy/net/asio.h"
#include "proxy/net/socket.h"

namespace schoolgate::flow {

/// True when an answer to this host would be read for this client: then HTTP/1.1 is spoken inside, of which bodies are
/// read.
[[nodiscard]] bool reads_inside(Connection& connection, const names::Host& host, std::uint16_t port);

/// Narrows what codings the client takes to those that are read. For requests whose answer will be. `room` holds the
/// field's new value, and has to live until the head is written.
void accept_readable_codings(http::Fields& fields, std::string& room);

/// A document is read from its beginning: no part of it is asked for.
void ask_for_whole_document(http::Fields& fields);

class ContentGate final : public BodyTap {
 public:
  static constexpr std::size_t kHeldText = 64 << 10;
  static constexpr std::size_t kHeldBytes = 192 << 10;  ///< as they come: scripts and styles of the page among them
  static constexpr std::chrono::milliseconds kHeldFor{250};
  static constexpr std::uint64_t kWorkersShare = 512u << 20;  ///< of all answers that one worker reads
  static constexpr std::chrono::seconds kWaitsForRoom{5};     ///< where the share is used up; then it is refused

  /// Null where the answer is not read. The judgement let the request through; both outlive the gate.
  [[nodiscard]] static std::unique_ptr<ContentGate> for_answer(Connection& connection, const Judgement& judgement,
                                                               const rules::Request& request,
                                                               const http::ResponseHead& head);
  ContentGate(Connection& connection, const Judgement& judgement, const rules::Request& request, content::TextKind kind,
              const http::ResponseHead& head, std::shared_ptr<const content::PhraseBook> book);

  enum class Held : std::uint8_t {
    part,     ///< more of the body follows
    whole,    ///< all of it is held
    refused,  ///< take_refusal() says by what; nothing of it may go out
    broken,   ///< the web site's coding is malformed
  };
  /// Takes the beginning of the body out of `inbox` and `upstream`, and out of `body` what a length counts.
  net::awaitable<Held> hold(net::Socket& upstream, Inbox& inbox, net::BufferPool& buffers, http::Body& body,
                            std::chrono::seconds idle);
  /// What is held, framed for the client, to be sent once. `whole`: nothing follows.
  [[nodiscard]] std::string take_held(bool chunked, bool whole);
  /// The chunked coding goes on from where hold() left it.
  [[nodiscard]] http::ChunkDecoder& decoder() noexcept { return decoder_; }

  [[nodiscard]] bool reads(std::string_view content) override;
  /// Nothing more comes. False: the page has turned bad with its last words.
  [[nodiscard]] bool finish() override;
  [[nodiscard]] Judgement take_refusal() { return std::move(*refusing_); }
  [[nodiscard]] bool refuses() const noexcept { return refusing_.has_value(); }

 private:
  [[nodiscard]] Held take(Inbox& inbox, http::Body& body);
  [[nodiscard]] bool judge();
  /// Charges what is held and what the decoders may hold once `more` bytes have come.
  [[nodiscard]] bool affords(std::size_t more);
  net::awaitable<void> wait_for_room(std::size_t more);
  [[nodiscard]] std::string told() const;

  Connection& connection_;
  const Judgement& judgement_;
  const rules::Request& request_;
  std::optional<content::PageReader> reader_;  ///< ends with the body: what it holds is large
  const std::uint64_t windows_;                ///< of the decoders, at their largest
  std::uint64_t came_ = 0;
  BytesCharge of_client_, of_worker_;
  bool unaffordable_ = false;
  http::ChunkDecoder decoder_;
  std::string held_;
  std::optional<Judgement> refusing_;
  const bool lacks_beginning_;
  bool recorded_ = false;  ///< of a category that is let through and recorded
};

}  // namespace schoolgate::flow
