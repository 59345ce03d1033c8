// Who is behind an address now, as far as the sources of identity have found out.
//
// identity/ writes it and publishes whole maps; the hallway reads it. A Presence is shared by all connections of a
// device and immutable, but for the moment of its last activity. What the policy makes of a person is not in here:
// PolicySnapshot::subject_for() says which group it is.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/steady_clock.h"
#include "names/ip_address.h"
#include "rules/subject.h"

namespace schoolgate::rules {

/// What a device can be in the register of devices, and so what `members: devices` may name; "unknown" is one that is
/// seen but not in it.
inline constexpr std::array<std::string_view, 6> kDeviceKinds{"school",  "staff", "phone",
                                                              "console", "guest", "unknown"};

/// The one form in which names of users and groups are compared: ASCII letters in lower case, all else as it is.
/// identity/ writes Person::user and Person::groups so, the compiler of the policy what `members` names.
[[nodiscard]] std::string member_name(std::string_view text);

/// Somebody that a source of identity vouches for.
struct Person {
  std::string user;                 ///< account name, lower case without realm: "amelia.hughes", "class:robins"
  std::string name;                 ///< as people write it; may be empty
  std::vector<std::string> groups;  ///< of directory, accounts or register, lower case: what `members: groups` names
  Confidence confidence = Confidence::login;
  std::string source;  ///< "negotiate", "basic", "sign-in", "class", "visitor", "radius", "logon"
};

/// What is known of a machine. All text may be empty.
struct Device {
  std::string mac;    ///< "02:00:5e:10:00:01"
  std::string name;   ///< as it calls itself, or as the register names it
  std::string kind;   ///< of the register: "school", "staff", "phone", "console", "guest"; "unknown" if it is not there
  std::string owner;  ///< of the register
  bool by_name_only = false;  ///< takes no certificate of ours: judged by name, never opened
};

struct Presence {
  names::IpAddress address;
  std::optional<Person> person;  ///< none: only the device is known
  Device device;
  /// The person has not accepted the terms of use yet: nothing but help and the sign-in page is reached.
  bool terms_due = false;
  /// The last request, in milliseconds of the steady clock: a correction of the wall clock makes no person idle. The
  /// hallway stores it, the session's idle time is reckoned from it.
  mutable std::atomic<std::int64_t> last_active{0};

  void mark_active(SteadyTime now) const noexcept {
    last_active.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }
};

struct AddressHash {
  [[nodiscard]] std::size_t operator()(const names::IpAddress& address) const noexcept;
};

/// All who are known now, by address.
using PresenceMap = std::unordered_map<names::IpAddress, std::shared_ptr<const Presence>, AddressHash>;

/// Where identity hands the map to the workers: as PolicyStore does with the policy. Thread-safe.
class PresenceStore {
 public:
  PresenceStore() : current_(std::make_shared<const PresenceMap>()) {}

  void publish(std::shared_ptr<const PresenceMap> next) {
    const std::scoped_lock lock(mutex_);
    current_.swap(next);  // the old one dies outside the lock
    generation_.fetch_add(1, std::memory_order_release);
  }
  [[nodiscard]] std::shared_ptr<const PresenceMap> current() const {
    const std::scoped_lock lock(mutex_);
    return current_;
  }
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const PresenceMap> current_;
  std::atomic<std::uint64_t> generation_{1};
};

/// A worker's own reference to the map; one thread only.
class PresenceView {
 public:
  explicit PresenceView(const PresenceStore& store) : store_(store) {}
  /// Null when no person is known there. The caller's own.
  [[nodiscard]] std::shared_ptr<const Presence> find(const names::IpAddress& address) {
    if (const std::uint64_t generation = store_.generation(); generation != generation_) {
      generation_ = generation;
      map_ = store_.current();
    }
    const auto found = map_->find(address);
    return found == map_->end() ? nullptr : found->second;
  }
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

 private:
  const PresenceStore& store_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const PresenceMap> map_;
};

}  // namespace schoolgate::rules
