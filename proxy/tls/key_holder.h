// A process of its own for the authority's key: the parser of the network asks it to sign, and cannot read it.
//
//     auto channel = key_channel();                            // before the child is started
//     child:   run_key_holder(channel->holder.release(), ca_folder)
//     parent:  LeafMint::make(std::make_unique<RemoteSigner>(std::move(channel->asker)))
//
// Starting the child, and taking from it what a child inherits (prctl(PR_SET_DUMPABLE, 0), its user, descriptors), is
// its starter's work. The talk is key_talk.h.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "proxy/net/file_descriptor.h"
#include "proxy/tls/leaf_signer.h"

namespace schoolgate::tls {

struct KeyChannel {
  net::FileDescriptor asker, holder;  ///< close-on-exec both: clear it on the holder's end before an exec
};
/// A connected pair of SOCK_SEQPACKET sockets. Fault host.
[[nodiscard]] Result<KeyChannel> key_channel();

/// Loads the authority and answers questions on `fd` (blocking, taken over) until the asker closes its end. No core
/// dumps. Ok at the asker's end; an Error when the authority cannot be loaded (the asker is told first) or the channel
/// breaks. A question that cannot be read is answered with a refusal.
[[nodiscard]] Result<void> run_key_holder(int fd, const std::filesystem::path& ca_folder);

/// The asker's end. Every answer has a time limit; an answer that comes late belongs to no later question.
class RemoteSigner final : public LeafSigner {
 public:
  /// `again`, when given, is called for a new channel once the old one has ended (the holder died, or did not answer
  /// in time), at most every second.
  using Again = std::function<Result<net::FileDescriptor>()>;
  explicit RemoteSigner(net::FileDescriptor channel, Again again = {},
                        std::chrono::milliseconds limit = std::chrono::seconds(3));

  void set_limit(std::chrono::milliseconds limit) noexcept { limit_ = limit; }
  Result<void> use_key(std::string_view public_key) override;
  Result<std::string> sign(std::string_view host, LeafFor what, TimePoint now) override;
  /// A certificate (DER) for the gateway's own pages, by each of `hosts` (canonical names, IP literals).
  [[nodiscard]] Result<std::string> sign_for_pages(std::span<const std::string> hosts, TimePoint now);

 private:
  Result<std::string> ask(std::string_view question, std::uint32_t id);
  Result<void> introduce_key();
  Result<void> reopen();

  net::FileDescriptor channel_;
  Again again_;
  std::chrono::milliseconds limit_;
  std::chrono::steady_clock::time_point last_reopened_{};
  std::string public_key_;
  std::uint32_t last_id_ = 0;
};

}  // namespace schoolgate::tls
