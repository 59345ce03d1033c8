// A school day of 400 devices that sign in, roam and leave, replayed against the book of sessions: for which share of
// the requests is it known who asks, and what does it cost?
//
//   nice ./build/release/school_day_bench [DEVICES]
//
// Three of four devices come by 802.1X: a Start without an address, a lease a moment later, an Interim report every
// five minutes, another access point at every lesson change (one in five controllers says Stop before Start, one in ten
// moves gives the device another network and address), a Stop at the end of which one in ten is lost. The others sign
// in at the page within 15 to 40 seconds. One in five leaves at noon and comes back. Accounting goes through the RADIUS
// reader as signed packets; leases are told every 250 ms and sessions ticked every second, as IdentityService does. The
// day is virtual: it takes seconds. Random numbers are seeded: every run is the same day.
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "identity/message_digest.h"
#include "identity/radius.h"
#include "identity/session_book.h"
#include "rules/presence.h"

namespace schoolgate::identity {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kSecret = "school-day-secret";

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

/// An Accounting-Request as an access point sends it.
std::string packet(std::uint8_t id, std::uint32_t status, const std::string& user, const std::string& ap,
                   const std::string& session, const std::string& mac, const names::IpAddress& address, TimePoint now) {
  std::string attributes;
  const auto add = [&](char type, std::string_view value) {
    attributes += type;
    attributes += char(value.size() + 2);
    attributes += value;
  };
  const auto number = [&](char type, std::uint32_t value) {
    const char octets[4] = {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
    add(type, {octets, 4});
  };
  number(40, status);
  add(1, user);
  add(32, ap);
  add(44, session);
  add(31, mac);
  number(55, std::uint32_t(now.time_since_epoch().count() / 1000));
  number(46, std::uint32_t(now.time_since_epoch().count()));  // Acct-Session-Time: never the same twice
  if (address != names::IpAddress{}) number(8, address.v4_host_order());
  std::string head{4, char(id)};
  head += char((attributes.size() + 20) >> 8);
  head += char(attributes.size() + 20);
  const auto digest = *md5({head, std::string(16, '\0'), attributes, kSecret});
  return head + std::string(reinterpret_cast<const char*>(digest.data()), 16) + attributes;
}

struct Counts {
  std::uint64_t requests = 0, known = 0, wrong = 0, at_the_page = 0;
};

class Day {
 public:
  explicit Day(std::size_t devices)
      : book_(
            {.order = {Source::radius, Source::sign_in}, .rules = {.idle = minutes(30), .end_of_day_minute = 18 * 60}},
            store_,
            [](TimePoint time) {
              return int(std::chrono::floor<minutes>(time - std::chrono::floor<std::chrono::days>(time)).count());
            },
            [this](const SessionEvent&) { ++events_; }),
        view_(store_),
        devices_(devices) {}

  void run() {
    for (std::size_t i = 0; i < devices_.size(); ++i) {
      Device& device = devices_[i];
      device.radius = i % 4 != 3;
      device.user = "pupil" + std::to_string(i);
      char mac[18];
      std::snprintf(mac, sizeof mac, "02:00:5e:10:%02x:%02x", unsigned(i >> 8), unsigned(i & 255));
      device.mac = mac;
      at(clock(8, 30) + milliseconds(pick(20 * 60'000)), i, What::arrive);
      if (pick(5) == 0) {
        at(clock(12, 0) + seconds(pick(600)), i, What::leave);
        at(clock(13, 0) + seconds(pick(600)), i, What::arrive);
      }
      at(clock(15, 15) + seconds(pick(600)), i, What::leave);
      for (const int lesson : {10, 11, 14}) at(clock(lesson, 0) + milliseconds(pick(180'000)), i, What::roam);
    }
    at(clock(8, 0), 0, What::leases);
    at(clock(8, 0), 0, What::tick);
    const double began = cpu_seconds();
    while (!events_to_come_.empty()) {
      const Next next = events_to_come_.top();
      events_to_come_.pop();
      if (next.when > clock(16, 0)) break;
      now_ = next.when;
      happen(next, devices_[next.device]);
    }
    total_cpu_ = cpu_seconds() - began;
  }

  void report() const {
    const auto share = [](std::uint64_t part, std::uint64_t whole) {
      return whole == 0 ? 0.0 : 100.0 * double(part) / double(whole);
    };
    const auto counters = book_.counters();
    std::printf("devices                         %zu (%zu by 802.1X)\n", devices_.size(),
                devices_.size() - devices_.size() / 4);
    std::printf("reports of sources              %llu, maps published %llu, events %llu\n",
                static_cast<unsigned long long>(reports_), static_cast<unsigned long long>(counters.published),
                static_cast<unsigned long long>(events_));
    for (const auto& [name, counts] : {std::pair{"802.1X", radius_}, std::pair{"sign-in page", page_}})
      std::printf("%-12s requests            %llu, known %.4f %%, of the wrong person %llu, before signing in %llu\n",
                  name, static_cast<unsigned long long>(counts.requests), share(counts.known, counts.requests),
                  static_cast<unsigned long long>(counts.wrong), static_cast<unsigned long long>(counts.at_the_page));
    std::printf("all requests that may go out    known %.4f %%\n",
                share(radius_.known + page_.known, radius_.requests + page_.requests));
    std::printf(
        "CPU of a report                 %.1f us (RADIUS packet read and checked, book changed, map published)\n",
        1e6 * report_cpu_ / double(reports_));
    std::printf("CPU of a look-up                %.0f ns (sampled, with the two clock readings around each)\n",
                1e9 * lookup_cpu_ / double(lookups_));
    std::printf("CPU of the whole replayed day   %.1f s\n", total_cpu_);
  }

 private:
  enum class What { arrive, lease, burst, request, interim, roam, stop_old, start_new, leave, sign_in, leases, tick };
  struct Next {
    TimePoint when;
    std::size_t device;
    What what;
    std::uint64_t visit;  ///< of which stay on the network; an event of an earlier one is void
    bool operator>(const Next& other) const { return when > other.when; }
  };
  struct Device {
    bool radius = true, here = false, has_address = false, signed_in = false, leased = false;
    std::string user, mac, ap = "ap-0", session, old_session, old_ap;
    names::IpAddress address;
    std::uint64_t visit = 0;
  };

  static TimePoint clock(int hour, int minute) {
    return TimePoint(std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)) + hours(hour) + minutes(minute);
  }
  long pick(long below) { return std::uniform_int_distribution<long>(0, below - 1)(random_); }
  void at(TimePoint when, std::size_t device, What what) {
    events_to_come_.push({when, device, what, devices_[device].visit});
  }
  // One clock of the simulated day for both: nobody corrects it.
  [[nodiscard]] Moment moment() const { return {now_, SteadyTime(now_.time_since_epoch())}; }
  void later(milliseconds after, const Next& next, What what) { at(now_ + after, next.device, what); }

  void account(std::uint32_t status, const Device& device, const std::string& ap, const std::string& session,
               const names::IpAddress& address) {
    const std::string bytes =
        packet(std::uint8_t(reports_), status, device.user, ap, session, device.mac, address, now_);
    const double before = cpu_seconds();
    const auto request =
        read_accounting_request({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, kSecret);
    if (!request || memory_.look(*request, {}, now_)) std::abort();
    if (status == 2)
      book_.sign_out_session({request->session_id}, SessionEnd::stopped, moment());
    else if (status == 1 || !book_.still_there({request->session_id}, address, moment()))
      book_.signed_in({.address = request->address.value_or(names::IpAddress{}),
                       .person = {.user = request->user, .source = "radius"},
                       .source = Source::radius,
                       .mac = request->mac,
                       .session_id = request->session_id},
                      moment());
    report_cpu_ += cpu_seconds() - before;
    ++reports_;
  }
  void new_session(Device& device) {
    device.old_ap = device.ap;
    device.old_session = device.session;
    device.ap = "ap-" + std::to_string(pick(20));
    device.session = std::to_string(++sessions_);
  }
  void lease(const Next& next, Device& device, std::uint32_t network) {
    device.address = names::IpAddress::v4(network + std::uint32_t(next.device) + 2);
    device.leased = true;
    device.has_address = true;
    new_leases_.push_back({device.address, device.mac, {}, false});
    later(milliseconds(100 + pick(900)), next, What::burst);
  }

  void happen(const Next& next, Device& device) {
    const bool of_this_stay =
        next.visit == device.visit || next.what == What::arrive || next.what == What::leave || next.what == What::roam;
    switch (next.what) {
      case What::tick:
        book_.tick(moment());
        later(seconds(1), next, What::tick);
        return;
      case What::leases:
        if (!new_leases_.empty()) book_.devices_seen(new_leases_, moment());
        new_leases_.clear();
        events_to_come_.push({now_ + milliseconds(250), 0, What::leases, 0});
        return;
      case What::arrive: {
        if (device.here) return;
        device.here = true;
        device.signed_in = false;
        ++device.visit;
        const Next mine{now_, next.device, What::arrive, device.visit};
        if (device.radius) {
          new_session(device);
          account(1, device, device.ap, device.session, {});
          later(minutes(5), mine, What::interim);
        } else {
          later(seconds(15 + pick(25)), mine, What::sign_in);
        }
        later(milliseconds(100 + pick(1500)), mine, What::lease);
        return;
      }
      case What::leave:
        if (!device.here) return;
        device.here = device.has_address = false;
        ++device.visit;
        if (device.radius && pick(10) != 0) account(2, device, device.ap, device.session, device.address);
        return;
      case What::roam:
        if (!device.here || !device.radius || !device.has_address) return;
        if (pick(5) == 0) {
          account(2, device, device.ap, device.session, device.address);
          later(milliseconds(50 + pick(150)), next, What::start_new);
        } else {
          new_session(device);
          account(1, device, device.ap, device.session, {});
          later(milliseconds(pick(3000)), next, What::stop_old);
        }
        return;
      default: break;
    }
    if (!of_this_stay || !device.here) return;
    switch (next.what) {
      case What::lease: lease(next, device, 0x0A140000); return;
      case What::start_new:
        new_session(device);
        account(1, device, device.ap, device.session, {});
        if (pick(2) == 0) lease(next, device, 0x0A150000);  // the other building has a network of its own
        return;
      case What::stop_old: account(2, device, device.old_ap, device.old_session, device.address); return;
      case What::interim:
        account(3, device, device.ap, device.session, device.address);
        later(minutes(5), next, What::interim);
        return;
      case What::sign_in:
        book_.signed_in({.address = device.address,
                         .person = {.user = device.user, .source = "sign-in"},
                         .source = Source::sign_in},
                        moment());
        device.signed_in = true;
        return;
      case What::burst: {
        // A page is some fifteen requests within two seconds; the next page comes after some twenty seconds, or after a
        // quarter of an hour of something else.
        for (int i = 0; i < 15; ++i) later(milliseconds(i == 0 ? 0 : pick(2000)), next, What::request);
        later(pick(60) == 0 ? milliseconds(minutes(15)) : milliseconds(5000 + pick(30'000)), next, What::burst);
        return;
      }
      case What::request: ask(device); return;
      default: return;
    }
  }

  void ask(const Device& device) {
    Counts& counts = device.radius ? radius_ : page_;
    const bool sampled = ++asked_ % 16 == 0;
    const double before = sampled ? cpu_seconds() : 0;
    const auto found = view_.find(device.address);
    if (found) found->mark_active(moment().steady);
    if (sampled) {
      lookup_cpu_ += cpu_seconds() - before;
      ++lookups_;
    }
    const bool known = found && found->person;
    // Who has not signed in meets the page: nothing goes out.
    if (!device.radius && !device.signed_in) {
      ++counts.at_the_page;
      return;
    }
    ++counts.requests;
    if (!known) return;
    if (found->person->user == device.user)
      ++counts.known;
    else
      ++counts.wrong;
  }

  rules::PresenceStore store_;
  SessionBook book_;
  rules::PresenceView view_;
  RadiusMemory memory_;
  std::vector<Device> devices_;
  std::priority_queue<Next, std::vector<Next>, std::greater<>> events_to_come_;
  std::vector<DeviceSeen> new_leases_;
  std::mt19937 random_{20261123};
  TimePoint now_ = clock(8, 0);
  Counts radius_, page_;
  std::uint64_t reports_ = 0, sessions_ = 0, events_ = 0, asked_ = 0, lookups_ = 0;
  double report_cpu_ = 0, lookup_cpu_ = 0, total_cpu_ = 0;
};

}  // namespace
}  // namespace schoolgate::identity

int main(int count, char** words) {
  const std::size_t devices = count > 1 ? std::size_t(std::atoi(words[1])) : 400;
  schoolgate::identity::Day day(devices);
  day.run();
  day.report();
  return 0;
}
