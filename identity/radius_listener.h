// The UDP port to which access points and switches send their accounting (RFC 2866): one thread, one socket.
//
// Owned by IdentityService. Every request that is believed goes to `on_request` on the listener's thread and is then
// answered; every other packet is counted by its reason, logged at most once a minute, and not answered.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "identity/identity_settings.h"
#include "identity/radius.h"

namespace schoolgate::identity {

struct RadiusCounters {
  std::uint64_t requests = 0, answered = 0;
  std::array<std::uint64_t, kRadiusRefusals> refused{};  ///< by RadiusRefusal
};

class RadiusListener {
 public:
  /// `from` is the access point.
  using OnRequest = std::function<void(const AccountingRequest& request, const names::IpAddress& from)>;
  /// Told as often as it is logged: at most once a minute.
  using OnRefusal = std::function<void(RadiusRefusal refusal, const names::IpAddress& from)>;
  using Now = std::function<TimePoint()>;

  /// Reads the secrets and binds the port (0: any). Fault config: a secret that cannot be read or is shorter than 8
  /// characters; fault host: the port is taken.
  [[nodiscard]] static Result<std::unique_ptr<RadiusListener>> open(const RadiusSettings& settings,
                                                                    OnRequest on_request, OnRefusal on_refusal,
                                                                    Now now);
  /// Packets that were told to an earlier process are not told again. Before start(). Fault host.
  [[nodiscard]] Result<void> keep_seen_in(const std::filesystem::path& file) { return memory_.keep_in(file); }
  ~RadiusListener();
  RadiusListener(const RadiusListener&) = delete;
  RadiusListener& operator=(const RadiusListener&) = delete;

  void start();
  void stop();
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] RadiusCounters counters() const;

 private:
  struct Client {
    names::IpNetwork network;
    std::string secret;
  };
  RadiusListener() = default;
  void serve(std::stop_token stop);
  void take(std::span<const std::uint8_t> datagram, const void* peer, unsigned peer_length,
            const names::IpAddress& from);
  void refuse(RadiusRefusal refusal, const names::IpAddress& from);

  int socket_ = -1, wake_read_ = -1, wake_write_ = -1;
  std::uint16_t port_ = 0;
  std::vector<Client> clients_;  ///< the narrowest network first
  OnRequest on_request_;
  OnRefusal on_refusal_;
  Now now_;
  RadiusMemory memory_;
  TimePoint last_logged_{};
  std::atomic<std::uint64_t> requests_{0}, answered_{0};
  std::array<std::atomic<std::uint64_t>, kRadiusRefusals> refused_{};
  std::jthread thread_;
};

}  // namespace schoolgate::identity
