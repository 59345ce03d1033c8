#include "proxy/tls/key_holder.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>

#include "base/log.h"
#include "proxy/net/linux/sandbox.h"
#include "proxy/tls/certificate_parts.h"
#include "proxy/tls/key_talk.h"
#include "proxy/tls/leaf_template.h"

namespace schoolgate::tls {
namespace {

using Clock = std::chrono::steady_clock;

/// Sends one packet; false when the other end is gone.
bool send_packet(int fd, std::string_view packet) noexcept {
  ssize_t sent;
  do sent = ::send(fd, packet.data(), packet.size(), MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == ssize_t(packet.size());
}

// The asker knows whether the machine's clock is believed. A time at which the authority is not good is no time.
TimePoint time_to_sign(const Authority& authority, TimePoint asked) {
  return authority.not_before() <= asked && asked < authority.not_after() ? asked : wall_now();
}

std::string answer_with(std::uint32_t id, const Result<std::string>& der) {
  return write_answer({id, der.has_value(), der ? std::string_view(*der) : der.error().what});
}

/// What the holder says to one packet.
std::string answer_to(std::string_view packet, const std::shared_ptr<const Authority>& authority,
                      std::optional<LeafTemplate>& leaves) {
  const Question question = read_question(packet);
  if (const auto* use = std::get_if<UseKey>(&question)) {
    auto made = LeafTemplate::make(authority, use->public_key);
    if (!made) return write_answer({use->id, false, made.error().what});
    leaves.emplace(std::move(*made));
    return write_answer({use->id, true, {}});
  }
  if (const auto* sign = std::get_if<Sign>(&question)) {
    if (!leaves) return write_answer({sign->id, false, "no key was named for certificates"});
    return answer_with(sign->id, leaves->mint(sign->host, sign->what, time_to_sign(*authority, sign->when)));
  }
  if (const auto* pages = std::get_if<SignForPages>(&question)) {
    if (!leaves) return write_answer({pages->id, false, "no key was named for certificates"});
    return answer_with(pages->id, leaves->mint_for_pages(pages->hosts, time_to_sign(*authority, pages->when)));
  }
  return write_answer({0, false, "that is no question"});
}

}  // namespace

Result<KeyChannel> key_channel() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return fail_errno("cannot open a channel to the key's process", errno);
  return KeyChannel{net::FileDescriptor(ends[0]), net::FileDescriptor(ends[1])};
}

Result<void> run_key_holder(int fd, const std::filesystem::path& ca_folder) {
  const net::FileDescriptor channel(fd);
  const rlimit no_core{0, 0};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0) return fail_errno("cannot switch off core dumps", errno);
  const auto authority = Authority::load(ca_folder);
  // It has all that it needs. An answer takes memory, the clock and this socket.
  if (auto confined = net::confine(net::Confinement::key_holder); !confined)
    log::warning("the key holder is not confined", {{"why", confined.error().text()}});
  std::optional<LeafTemplate> leaves;
  std::array<char, kLargestQuestion + 1> packet;
  for (;;) {
    const ssize_t got = ::recv(channel.get(), packet.data(), packet.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot hear what to sign", errno);
    if (got == 0) return {};
    if (!authority) {  // whoever asks first hears why, then there is nothing to stay for
      (void)send_packet(channel.get(), write_answer({0, false, authority.error().text()}));
      return std::unexpected(authority.error());
    }
    if (!send_packet(channel.get(), answer_to({packet.data(), std::size_t(got)}, *authority, leaves))) return {};
  }
}

RemoteSigner::RemoteSigner(net::FileDescriptor channel, Again again, std::chrono::milliseconds limit)
    : channel_(std::move(channel)), again_(std::move(again)), limit_(limit) {}

Result<void> RemoteSigner::use_key(std::string_view public_key) {
  public_key_ = public_key;
  return introduce_key();
}

Result<void> RemoteSigner::introduce_key() {
  const std::uint32_t id = ++last_id_;
  const auto answer = ask(write_question(UseKey{id, public_key_}), id);
  if (!answer) return std::unexpected(answer.error());
  return {};
}

Result<std::string> RemoteSigner::sign(std::string_view host, LeafFor what, TimePoint now) {
  if (!may_be_named(host)) return fail(Fault::self, "no certificate is made for \"" + std::string(host) + '"');
  if (!channel_)
    if (auto opened = reopen(); !opened) return std::unexpected(opened.error());
  std::uint32_t id = ++last_id_;
  auto answer = ask(write_question(Sign{id, what, host, now}), id);
  if (answer || channel_ || answer.error().fault != Fault::self) return answer;
  if (!reopen()) return answer;  // the first reason is the better one
  id = ++last_id_;
  return ask(write_question(Sign{id, what, host, now}), id);
}

Result<std::string> RemoteSigner::sign_for_pages(std::span<const std::string> hosts, TimePoint now) {
  SignForPages question{.id = ++last_id_, .hosts = {}, .when = now};
  for (const std::string& host : hosts) {
    if (!may_be_named(host)) return fail(Fault::self, "no certificate is made for \"" + host + '"');
    question.hosts.push_back(host);
  }
  const std::string packet = write_question(question);
  if (hosts.empty() || hosts.size() > kMostPageNames || packet.size() > kLargestQuestion)
    return fail(Fault::config, "one certificate cannot name so much: " + std::to_string(hosts.size()) + " names");
  return ask(packet, question.id);
}

Result<void> RemoteSigner::reopen() {
  const auto now = Clock::now();
  if (!again_ || (last_reopened_ != Clock::time_point() && now - last_reopened_ < std::chrono::seconds(1)))
    return fail(Fault::self, "the process that holds the authority's key has ended");
  last_reopened_ = now;
  auto channel = again_();
  if (!channel) return std::unexpected(channel.error());
  channel_ = std::move(*channel);
  return introduce_key();
}

Result<std::string> RemoteSigner::ask(std::string_view question, std::uint32_t id) {
  const auto ended = [this] {
    channel_.reset();
    return fail(Fault::self, "the process that holds the authority's key has ended");
  };
  const auto deadline = Clock::now() + limit_;
  if (::send(channel_.get(), question.data(), question.size(), MSG_NOSIGNAL | MSG_DONTWAIT) !=
      ssize_t(question.size())) {
    if (errno == EAGAIN || errno == EWOULDBLOCK)
      return fail(Fault::host, "the process that holds the authority's key does not answer");
    return ended();
  }
  std::array<char, kLargestAnswer + 1> packet;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd waiting{channel_.get(), POLLIN, 0};
    const int ready = left.count() > 0 ? ::poll(&waiting, 1, int(left.count())) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      if (again_) channel_.reset();  // the next question starts another process rather than wait as long again
      return fail(Fault::host, "the process that holds the authority's key does not answer");
    }
    const ssize_t got = ::recv(channel_.get(), packet.data(), packet.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return ended();
    const auto answer = read_answer({packet.data(), std::size_t(got)});
    if (!answer) return fail(Fault::self, "the process that holds the authority's key speaks another language");
    if (answer->id != id && answer->id != 0) continue;  // of a question whose time is over
    if (!answer->good) return fail(Fault::config, "no certificate: " + std::string(answer->content));
    return std::string(answer->content);
  }
}

}  // namespace schoolgate::tls
