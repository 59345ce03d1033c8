// Why this file is long: everything that changes the book keeps the same few invariants under one lock (who is shown
// where, which addresses a MAC has, what is published), and they are easier to see side by side.
#include "identity/session_book.h"

#include <algorithm>
#include <unordered_set>

namespace schoolgate::identity {
namespace {

using names::IpAddress;

/// A sighting on the link counts as "now" for so long.
constexpr std::chrono::minutes kLive{10};
/// More addresses of one MAC than a machine has: a router, whose machines must not be taken for one.
constexpr std::size_t kMostAddressesOfMac = 16;

bool same(const rules::Person& a, const rules::Person& b) {
  return a.user == b.user && a.name == b.name && a.groups == b.groups && a.confidence == b.confidence &&
         a.source == b.source;
}

bool same(const rules::Device& a, const rules::Device& b) {
  return a.mac == b.mac && a.name == b.name && a.kind == b.kind && a.owner == b.owner &&
         a.by_name_only == b.by_name_only;
}

bool same(const rules::Presence& a, const rules::Presence& b) {
  return a.terms_due == b.terms_due && a.person.has_value() == b.person.has_value() &&
         (!a.person || same(*a.person, *b.person)) && same(a.device, b.device);
}

SteadyTime at(std::int64_t milliseconds) { return SteadyTime(std::chrono::milliseconds(milliseconds)); }

}  // namespace

SessionBook::SessionBook(Settings settings, rules::PresenceStore& presences, LocalMinute local_minute, OnEvent on_event)
    : settings_(std::move(settings)),
      presences_(presences),
      local_minute_(std::move(local_minute)),
      on_event_(std::move(on_event)),
      rules_(settings_.rules) {}

// --- what is asked of the book -----------------------------------------------------------------------------------

std::optional<std::size_t> SessionBook::rank_of(Source source) const noexcept {
  const auto found = std::ranges::find(settings_.order, source);
  if (found == settings_.order.end()) return std::nullopt;
  return std::size_t(found - settings_.order.begin());
}

TimePoint SessionBook::end_of_day_after(TimePoint now) const {
  if (!rules_.end_of_day_minute) return TimePoint::max();
  constexpr int kDay = 24 * 60;
  int left = *rules_.end_of_day_minute - local_minute_(now);
  if (left <= 0) left += kDay;
  TimePoint end = std::chrono::floor<std::chrono::minutes>(now) + std::chrono::minutes(left);
  // A clock change on the way makes the wall show another minute then.
  int off = local_minute_(end) - *rules_.end_of_day_minute;
  if (off > kDay / 2) off -= kDay;
  if (off < -kDay / 2) off += kDay;
  end -= std::chrono::minutes(off);
  return end > now ? end : end + std::chrono::days(1);
}

SteadyTime SessionBook::active_at(const Place& place) const {
  std::int64_t latest = place.presence ? place.presence->last_active.load(std::memory_order_relaxed) : 0;
  for (const auto& held : place.earlier)
    if (const auto presence = held.lock())
      latest = std::max(latest, presence->last_active.load(std::memory_order_relaxed));
  return at(latest);
}

std::span<const IpAddress> SessionBook::addresses_of(const std::string& mac) const {
  const auto found = addresses_of_mac_.find(mac);
  return found == addresses_of_mac_.end() ? std::span<const IpAddress>{} : std::span<const IpAddress>(found->second);
}

SteadyTime SessionBook::active_on(const std::string& mac) const {
  SteadyTime latest{};
  for (const IpAddress& address : addresses_of(mac)) latest = std::max(latest, active_at(places_.at(address)));
  return latest;
}

bool SessionBook::is_live(const Place& place) const {
  return place.on_the_link && now_.steady - place.device_seen < kLive;
}

/// May what one address of the MAC knows be said of its others? A router answers for many machines, and its MAC shows
/// several IPv4 addresses at once.
bool SessionBook::has_one_user(const std::string& mac) const {
  const auto addresses = addresses_of(mac);
  if (addresses.size() > kMostAddressesOfMac) return false;
  return std::ranges::count_if(
             addresses, [&](const IpAddress& address) { return address.is_v4() && is_live(places_.at(address)); }) <= 1;
}

const SessionBook::Session* SessionBook::most_believed(const Place& place) {
  const auto found = std::ranges::find_if(
      place.sessions, [](const Session& session) { return session.report.holds_for != HoldsFor::connection; });
  return found == place.sessions.end() ? nullptr : &*found;
}

const SessionBook::Session* SessionBook::shown_at(const IpAddress& address, const Place& place) const {
  const Session* best = most_believed(place);
  const auto consider = [&](const Session& session) {
    if (best == nullptr || session.rank < best->rank) best = &session;
  };
  if (place.mac.empty()) return best;
  if (const auto found = on_mac_.find(place.mac); found != on_mac_.end()) consider(found->second.front());
  const auto addresses = addresses_of(place.mac);
  if (addresses.size() < 2 || !is_live(place) || !has_one_user(place.mac)) return best;
  for (const IpAddress& other : addresses) {
    if (other == address || (other.is_v4() && address.is_v4())) continue;
    // What is believed of an address for a while is believed of that address alone.
    const Session* session = most_believed(places_.at(other));
    if (session != nullptr && session->report.holds_for == HoldsFor::address) consider(*session);
  }
  return best;
}

std::shared_ptr<rules::Presence> SessionBook::picture_of(const IpAddress& address, const Place& place) const {
  const Session* shown = shown_at(address, place);
  if (shown == nullptr && place.mac.empty() && place.name.empty()) return nullptr;
  auto presence = std::make_shared<rules::Presence>();
  presence->address = address;
  if (shown != nullptr) {
    presence->person = shown->report.person;
    presence->terms_due = shown->report.terms_due;
  }
  if (const auto known = register_.find(place.mac); known != register_.end()) {
    presence->device = known->second;
    if (presence->device.name.empty()) presence->device.name = place.name;
  } else {
    presence->device.name = place.name;
    presence->device.kind = "unknown";
  }
  presence->device.mac = place.mac;
  return presence;
}

std::size_t SessionBook::devices_of(std::string_view user) const {
  std::unordered_set<std::string> devices;
  for (const auto& [address, place] : places_)
    for (const Session& session : place.sessions)
      if (session.report.person.user == user)
        devices.insert(session.report.mac.empty() ? address.text() : session.report.mac);
  for (const auto& [mac, sessions] : on_mac_)
    if (sessions.front().report.person.user == user) devices.insert(mac);
  return devices.size();
}

// --- what changes it ---------------------------------------------------------------------------------------------

// Reports of several threads may come a little out of turn; the wall is taken as it is, also when it was set back.
void SessionBook::note(Moment now) { now_ = {.wall = now.wall, .steady = std::max(now_.steady, now.steady)}; }

TimePoint SessionBook::on_the_wall(SteadyTime time) const { return now_.wall - (now_.steady - time); }

SteadyTime SessionBook::from_the_wall(TimePoint time) const { return now_.steady - (now_.wall - time); }

SessionBook::Place* SessionBook::place_at(const IpAddress& address, bool for_a_person) {
  if (const auto found = places_.find(address); found != places_.end()) return &found->second;
  // Machines alone never fill the book: whoever makes up addresses must not keep people from signing in.
  if (places_.size() >= (for_a_person ? settings_.most_places : settings_.most_places / 2)) {
    ++counters_.full;
    return nullptr;
  }
  Place& place = places_[address];
  place.device_seen = now_.steady;
  return &place;
}

void SessionBook::begun(const Session& session, Events& events) {
  const SignedIn& report = session.report;
  ++counters_.sign_ins;
  events.push_back({.kind = SessionEvent::Kind::signed_in,
                    .user = report.person.user,
                    .address = report.address,
                    .mac = report.mac,
                    .when = now_.wall,
                    .text = report.person.user + " signed in (" + report.person.source + ")"});
  // Accounts that belong to a class are meant for many hands.
  if (report.person.confidence != rules::Confidence::login || rules_.devices == 0) return;
  const std::size_t devices = devices_of(report.person.user);
  if (devices <= rules_.devices) return;
  ++counters_.too_many_devices;
  events.push_back({.kind = SessionEvent::Kind::too_many_devices,
                    .user = report.person.user,
                    .address = report.address,
                    .mac = report.mac,
                    .when = now_.wall,
                    .text = report.person.user + " is signed in on " + std::to_string(devices) + " devices; " +
                            std::to_string(rules_.devices) + " are allowed"});
}

void SessionBook::ended(const Session& session, const IpAddress& address, SessionEnd why, Events& events) {
  ++changes_;
  ++counters_.sign_outs;
  if (why == SessionEnd::idle) ++counters_.idle;
  if (why == SessionEnd::end_of_day) ++counters_.ends_of_day;
  events.push_back({.kind = SessionEvent::Kind::signed_out,
                    .user = session.report.person.user,
                    .address = address == IpAddress{} ? session.report.address : address,
                    .mac = session.report.mac,
                    .when = now_.wall,
                    .why = why,
                    .text = session.report.person.user + " signed out: " + std::string(to_string(why))});
}

bool SessionBook::put(std::vector<Session>& sessions, Session session, Events& events) {
  // Of a connection: as each one begins, and no restart brings it back.
  if (session.report.holds_for != HoldsFor::connection) ++changes_;
  const auto there = std::ranges::find(sessions, session.rank, &Session::rank);
  if (there != sessions.end() && there->report.person.user == session.report.person.user) {
    session.since = there->since;
    *there = std::move(session);
    return false;
  }
  if (there != sessions.end()) {
    ended(*there, there->report.address, SessionEnd::replaced, events);
    *there = session;
  } else {
    sessions.insert(std::ranges::upper_bound(sessions, session.rank, {}, &Session::rank), session);
  }
  begun(session, events);
  return true;
}

void SessionBook::use(SessionRules rules) {
  const std::scoped_lock lock(mutex_);
  const bool another_end = rules.end_of_day_minute != rules_.end_of_day_minute;
  rules_ = rules;
  if (!another_end) return;
  const auto end_anew = [&](Session& session) {
    session.ends = end_of_day_after(session.since);
    if (session.report.until) session.ends = std::min(session.ends, *session.report.until);
  };
  for (auto& [address, place] : places_) std::ranges::for_each(place.sessions, end_anew);
  for (auto& [mac, sessions] : on_mac_) std::ranges::for_each(sessions, end_anew);
}

SessionBook::Entered SessionBook::signed_in(SignedIn report, Moment now) {
  Events events;
  auto entered = Entered::not_taken;
  {
    const std::scoped_lock lock(mutex_);
    note(now);
    const auto rank = rank_of(report.source);
    const bool has_address = report.address != IpAddress{};
    const bool by_mac = report.source == Source::radius && !report.mac.empty();
    if (!rank || report.person.user.empty() || (!has_address && !by_mac)) return Entered::not_taken;

    Place* place = has_address ? place_at(report.address, true) : nullptr;
    if (has_address && place == nullptr) return Entered::not_taken;
    if (place != nullptr && !report.mac.empty()) {
      place->on_the_link = place->on_the_link || by_mac;  // the access point has seen it there
      set_mac(report.address, *place, report.mac, events);
    }
    if (place != nullptr && report.mac.empty()) report.mac = place->mac;

    if (place != nullptr) end_others_for_a_while(report, *place, events);
    TimePoint ends = end_of_day_after(now.wall);
    if (report.until) ends = std::min(ends, *report.until);
    Session session{.report = std::move(report), .rank = *rank, .since = now.wall, .ends = ends, .seen = now_.steady};
    const IpAddress address = session.report.address;
    const std::string mac = session.report.mac;
    const bool for_connection = session.report.holds_for == HoldsFor::connection;
    if (by_mac) {
      if (!on_mac_.contains(mac) && on_mac_.size() >= settings_.most_places) {
        ++counters_.full;
        return Entered::not_taken;
      }
      put(on_mac_[mac], std::move(session), events);
      renew_mac(mac);
    } else {
      put(place->sessions, std::move(session), events);
      renew(address, *place);
      renew_mac(place->mac);
    }
    if (for_connection) {
      entered = Entered::behind;
    } else if (place == nullptr) {
      entered = addresses_of(mac).empty() ? Entered::waiting : Entered::shown;
    } else {
      const Session* shown = shown_at(address, *place);
      entered = shown != nullptr && shown->rank == *rank ? Entered::shown : Entered::behind;
      if (entered == Entered::behind) ++counters_.behind_stronger;
    }
    publish();
  }
  tell(events);
  return entered;
}

void SessionBook::end_others_for_a_while(const SignedIn& report, Place& place, Events& events) {
  std::erase_if(place.sessions, [&](const Session& session) {
    if (session.report.holds_for != HoldsFor::address_for_a_while) return false;
    if (session.report.person.user == report.person.user) return false;
    ended(session, report.address, SessionEnd::replaced, events);
    return true;
  });
}

bool SessionBook::fits(const Session& session, const SessionKey& key) noexcept {
  const SignedIn& report = session.report;
  return !key.id.empty() && report.session_id == key.id &&
         (key.mac.empty() || report.mac.empty() || report.mac == key.mac) &&
         (key.user.empty() || report.person.user == key.user);
}

bool SessionBook::still_there(const SessionKey& key, const IpAddress& address, Moment now) {
  Events events;
  bool found = false;
  {
    const std::scoped_lock lock(mutex_);
    note(now);
    for (auto& [there, place] : places_)
      for (Session& session : place.sessions)
        if (fits(session, key) && (address == IpAddress{} || address == there)) {
          session.seen = now_.steady;
          found = true;
        }
    for (auto& [mac, sessions] : on_mac_) {
      if (!fits(sessions.front(), key)) continue;
      sessions.front().seen = now_.steady;
      found = true;
      if (address == IpAddress{}) continue;
      sessions.front().report.address = address;
      if (Place* place = place_at(address, true)) set_mac(address, *place, mac, events);
    }
    publish();
  }
  tell(events);
  return found;
}

std::size_t SessionBook::end_where(const Ending& ending, Events& events) {
  std::size_t count = 0;
  std::vector<IpAddress> places;
  std::vector<std::string> macs;
  for (auto& [address, place] : places_) {
    const auto gone = std::erase_if(place.sessions, [&](const Session& session) {
      const auto why = ending(session, address);
      if (why) ended(session, address, *why, events);
      return why.has_value();
    });
    if (gone > 0) places.push_back(address);
    count += gone;
  }
  for (auto& [mac, sessions] : on_mac_) {
    const auto why = ending(sessions.front(), IpAddress{});
    if (!why) continue;
    ended(sessions.front(), IpAddress{}, *why, events);
    macs.push_back(mac);
    ++count;
  }
  for (const std::string& mac : macs) {
    on_mac_.erase(mac);
    renew_mac(mac);
  }
  for (const IpAddress& address : places) {
    Place& place = places_.at(address);
    renew(address, place);
    renew_mac(place.mac);
  }
  return count;
}

std::size_t SessionBook::end_and_publish(std::unique_lock<std::mutex> lock, const Ending& ending) {
  Events events;
  const std::size_t count = end_where(ending, events);
  publish();
  lock.unlock();
  tell(events);
  return count;
}

void SessionBook::set_mac(const IpAddress& address, Place& place, const std::string& mac, Events& events) {
  if (mac.empty()) return;
  place.device_seen = now_.steady;
  if (place.mac == mac) return;
  const std::string before = place.mac;
  if (!before.empty()) {
    unlink_mac(address, before);
    std::string who;
    std::erase_if(place.sessions, [&](const Session& session) {
      if (session.report.mac == mac) return false;
      who = session.report.person.user;
      ended(session, address, SessionEnd::other_mac, events);
      return true;
    });
    if (const auto there = on_mac_.find(before); who.empty() && there != on_mac_.end())
      who = there->second.front().report.person.user;
    if (!who.empty()) {
      ++counters_.mac_changes;
      events.push_back({.kind = SessionEvent::Kind::mac_changed,
                        .user = who,
                        .address = address,
                        .mac = mac,
                        .when = now_.wall,
                        .why = SessionEnd::other_mac,
                        .text = "at " + address.text() + " there is now the machine " + mac + ", before it was " +
                                before + " of " + who});
    }
  }
  place.mac = mac;
  if (before.empty())
    for (Session& session : place.sessions)
      if (session.report.mac.empty()) session.report.mac = mac;
  auto& addresses = addresses_of_mac_[mac];
  if (addresses.empty())
    if (const auto known = register_.find(mac); known != register_.end() && known->second.kind == "phone")
      events.push_back({.kind = SessionEvent::Kind::phone_seen,
                        .user = known->second.owner,
                        .address = address,
                        .mac = mac,
                        .when = now_.wall,
                        .text = "the phone of " + known->second.owner + " is on the network"});
  addresses.push_back(address);
  renew_mac(mac);
  if (!before.empty()) renew_mac(before);
}

void SessionBook::unlink_mac(const IpAddress& address, const std::string& mac) {
  const auto found = addresses_of_mac_.find(mac);
  if (found == addresses_of_mac_.end()) return;
  std::erase(found->second, address);
  if (found->second.empty()) addresses_of_mac_.erase(found);
}

void SessionBook::see(const DeviceSeen& device, Events& events) {
  Place* place = place_at(device.address, false);
  if (place == nullptr) return;
  // A lease tells where a machine was sent; the link tells who answers there.
  const bool believed = device.on_the_link || !is_live(*place);
  if (!device.name.empty() && (believed || device.mac == place->mac)) place->name = device.name;
  if (believed) {
    if (device.on_the_link) place->on_the_link = true;
    place->device_seen = now_.steady;
    set_mac(device.address, *place, device.mac, events);
  }
  renew(device.address, *place);
}

void SessionBook::devices_seen(std::span<const DeviceSeen> devices, Moment now) {
  Events events;
  {
    const std::scoped_lock lock(mutex_);
    note(now);
    for (const DeviceSeen& device : devices) see(device, events);
    publish();
  }
  tell(events);
}

void SessionBook::use_register(std::unordered_map<std::string, rules::Device> known, Moment now) {
  const std::scoped_lock lock(mutex_);
  note(now);
  register_ = std::move(known);
  for (auto& [address, place] : places_) renew(address, place);
  publish();
}

std::size_t SessionBook::sign_out(const IpAddress& address, std::optional<Source> source, SessionEnd why, Moment now) {
  std::unique_lock lock(mutex_);
  note(now);
  std::string user, mac;
  if (const auto found = places_.find(address); found != places_.end()) {
    mac = found->second.mac;
    if (const Session* shown = shown_at(address, found->second)) user = shown->report.person.user;
  }
  const bool shared = !mac.empty() && has_one_user(mac);
  return end_and_publish(
      std::move(lock), [&](const Session& session, const IpAddress& at) -> std::optional<SessionEnd> {
        if (source && session.report.source != *source) return std::nullopt;
        if (at == address) return why;  // all that were noted there: nobody else stands behind who leaves
        const bool of_this_machine = !mac.empty() && session.report.mac == mac && (at == IpAddress{} || shared);
        return of_this_machine && session.report.person.user == user ? std::optional(why) : std::nullopt;
      });
}

std::size_t SessionBook::sign_out_session(const SessionKey& key, SessionEnd why, Moment now) {
  std::unique_lock lock(mutex_);
  note(now);
  return end_and_publish(std::move(lock), [&](const Session& session, const IpAddress&) -> std::optional<SessionEnd> {
    return fits(session, key) ? std::optional(why) : std::nullopt;
  });
}

std::size_t SessionBook::sign_out_sessions(std::string_view id_prefix, SessionEnd why, Moment now) {
  std::unique_lock lock(mutex_);
  note(now);
  return end_and_publish(std::move(lock), [&](const Session& session, const IpAddress&) -> std::optional<SessionEnd> {
    return !id_prefix.empty() && session.report.session_id.starts_with(id_prefix) ? std::optional(why) : std::nullopt;
  });
}

std::size_t SessionBook::somebody_else_at(const IpAddress& address, Moment now) {
  std::unique_lock lock(mutex_);
  note(now);
  return end_and_publish(std::move(lock),
                         [&](const Session& session, const IpAddress& at) -> std::optional<SessionEnd> {
                           const bool for_a_while = session.report.holds_for == HoldsFor::address_for_a_while;
                           return for_a_while && at == address ? std::optional(SessionEnd::replaced) : std::nullopt;
                         });
}

std::size_t SessionBook::sign_out_user(std::string_view user, SessionEnd why, Moment now) {
  std::unique_lock lock(mutex_);
  note(now);
  return end_and_publish(std::move(lock), [&](const Session& session, const IpAddress&) -> std::optional<SessionEnd> {
    return session.report.person.user == user ? std::optional(why) : std::nullopt;
  });
}

template <class Change>
void SessionBook::change_sessions_of(std::string_view user, Change change) {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> macs;
  for (auto& [address, place] : places_)
    for (Session& session : place.sessions)
      if (session.report.person.user == user) {
        change(session.report);
        renew(address, place);
        if (!place.mac.empty()) macs.push_back(place.mac);
      }
  for (auto& [mac, sessions] : on_mac_)
    if (sessions.front().report.person.user == user) {
      change(sessions.front().report);
      macs.push_back(mac);
    }
  for (const std::string& mac : macs) renew_mac(mac);
  ++changes_;
  publish();
}

void SessionBook::set_terms_due(std::string_view user, bool due) {
  change_sessions_of(user, [&](SignedIn& report) { report.terms_due = due; });
}

void SessionBook::set_groups(std::string_view user, std::vector<std::string> groups, std::string_view name) {
  change_sessions_of(user, [&](SignedIn& report) {
    report.person.groups = groups;
    if (!name.empty()) report.person.name = name;
  });
}

void SessionBook::tick(Moment now) {
  std::unique_lock lock(mutex_);
  note(now);
  std::vector<IpAddress> forgotten;
  std::vector<std::string> shared;
  for (const auto& [mac, addresses] : addresses_of_mac_)
    if (addresses.size() > 1) shared.push_back(mac);
  for (auto& [address, place] : places_)
    if (place.sessions.empty() &&
        now_.steady - std::max(place.device_seen, active_at(place)) >= settings_.device_memory)
      forgotten.push_back(address);
  for (const IpAddress& address : forgotten) {
    Place& place = places_.at(address);
    if (!place.mac.empty()) unlink_mac(address, place.mac);
    if (place.presence) {
      map_.erase(address);
      dirty_ = true;
    }
    places_.erase(address);
  }
  for (const std::string& mac : shared) renew_mac(mac);  // a sighting may have grown old
  // No session made until now ends later than the next end of the day; one that seems to was made by a clock set ahead.
  const TimePoint latest = end_of_day_after(now.wall);
  const auto bring_back = [&](Session& session) { session.ends = std::min(session.ends, latest); };
  for (auto& [address, place] : places_) std::ranges::for_each(place.sessions, bring_back);
  for (auto& [mac, sessions] : on_mac_) std::ranges::for_each(sessions, bring_back);
  const auto idle = rules_.idle;
  end_and_publish(std::move(lock), [&](const Session& session, const IpAddress& address) -> std::optional<SessionEnd> {
    if (now_.wall >= session.ends)
      return session.report.until && session.ends == *session.report.until ? SessionEnd::until : SessionEnd::end_of_day;
    const auto silent = now_.steady - session.seen;
    if (session.report.holds_for == HoldsFor::address_for_a_while && silent >= session.report.a_while)
      return SessionEnd::until;
    if (idle.count() == 0 || silent < idle) return std::nullopt;
    SteadyTime active = address == IpAddress{} ? SteadyTime{} : active_at(places_.at(address));
    if (!session.report.mac.empty()) active = std::max(active, active_on(session.report.mac));
    return now_.steady - active >= idle ? std::optional(SessionEnd::idle) : std::nullopt;
  });
}

// --- what workers and others see ---------------------------------------------------------------------------------

void SessionBook::renew(const IpAddress& address, Place& place) {
  auto picture = picture_of(address, place);
  if (!picture && !place.presence) return;
  if (picture && place.presence && same(*picture, *place.presence)) return;
  std::erase_if(place.earlier, [](const auto& held) { return held.expired(); });
  if (picture && place.presence) {
    picture->last_active.store(place.presence->last_active.load(std::memory_order_relaxed), std::memory_order_relaxed);
    place.earlier.push_back(place.presence);
  }
  place.presence = std::move(picture);
  if (place.presence)
    map_.insert_or_assign(address, place.presence);
  else
    map_.erase(address);
  dirty_ = true;
}

void SessionBook::renew_mac(const std::string& mac) {
  for (const IpAddress& address : addresses_of(mac)) renew(address, places_.at(address));
}

void SessionBook::publish() {
  if (!dirty_) return;
  dirty_ = false;
  ++counters_.published;
  presences_.publish(std::make_shared<const rules::PresenceMap>(map_));
}

void SessionBook::tell(const Events& events) const {
  if (!on_event_) return;
  for (const SessionEvent& event : events) on_event_(event);
}

std::vector<SavedSession> SessionBook::save() const {
  const std::scoped_lock lock(mutex_);
  std::vector<SavedSession> saved;
  const auto add = [&](const Session& session, SteadyTime active) {
    saved.push_back({session.report, session.since, on_the_wall(std::max(session.seen, active)), session.ends});
  };
  // A proof given on a connection ends with it, at the latest when the gateway does.
  for (const auto& [address, place] : places_)
    for (const Session& session : place.sessions)
      if (session.report.holds_for == HoldsFor::address) add(session, active_at(place));
  for (const auto& [mac, sessions] : on_mac_) add(sessions.front(), active_on(mac));
  return saved;
}

void SessionBook::restore(std::vector<SavedSession> sessions, Moment now) {
  const std::scoped_lock lock(mutex_);
  note(now);
  Events none;
  for (SavedSession& saved : sessions) {
    const auto rank = rank_of(saved.session.source);
    const auto idle = rules_.idle;
    // Marks of the future were made while the clock was ahead: their sessions were there until just now.
    saved.since = std::min(saved.since, now_.wall);
    saved.seen = std::min(saved.seen, now_.wall);
    if (!rank || now_.wall >= saved.ends || (idle.count() > 0 && now_.wall - saved.seen >= idle)) continue;
    // A school that moved its end of the day means it for these sessions too.
    const TimePoint ends = std::min(saved.ends, end_of_day_after(saved.since));
    if (now_.wall >= ends) continue;
    Session session{std::move(saved.session), *rank, saved.since, ends, from_the_wall(saved.seen)};
    const IpAddress address = session.report.address;
    Place* place = address != IpAddress{} ? place_at(address, true) : nullptr;
    if (place != nullptr && !session.report.mac.empty()) set_mac(address, *place, session.report.mac, none);
    if (session.report.source == Source::radius && !session.report.mac.empty()) {
      const std::string mac = session.report.mac;
      on_mac_.insert_or_assign(mac, std::vector{std::move(session)});
      renew_mac(mac);
    } else if (place != nullptr) {
      auto& there = place->sessions;
      there.insert(std::ranges::upper_bound(there, session.rank, {}, &Session::rank), std::move(session));
      renew(address, *place);
    }
  }
  publish();
}

std::uint64_t SessionBook::changes() const {
  const std::scoped_lock lock(mutex_);
  return changes_;
}

std::vector<ShownSession> SessionBook::list() const {
  const std::scoped_lock lock(mutex_);
  std::vector<ShownSession> all;
  const auto add = [&](const Session& session, const IpAddress& address, const Place* place) {
    ShownSession row{.address = address,
                     .person = session.report.person,
                     .device = {},
                     .source = session.report.source,
                     .since = session.since,
                     .seen = on_the_wall(session.seen),
                     .ends = session.ends,
                     .terms_due = session.report.terms_due};
    if (place != nullptr) {
      if (place->presence) row.device = place->presence->device;
      row.seen = std::max(row.seen, on_the_wall(active_at(*place)));
      row.shown = shown_at(address, *place) == &session;
    } else {
      row.device.mac = session.report.mac;
    }
    all.push_back(std::move(row));
  };
  for (const auto& [address, place] : places_)
    for (const Session& session : place.sessions) add(session, address, &place);
  for (const auto& [mac, sessions] : on_mac_) {
    const auto addresses = addresses_of(mac);
    if (addresses.empty()) add(sessions.front(), IpAddress{}, nullptr);
    for (const IpAddress& address : addresses) add(sessions.front(), address, &places_.at(address));
  }
  std::ranges::sort(all, {}, &ShownSession::address);
  return all;
}

std::shared_ptr<const rules::Presence> SessionBook::find(const IpAddress& address) const {
  const std::scoped_lock lock(mutex_);
  const auto found = places_.find(address);
  return found == places_.end() ? nullptr : found->second.presence;
}

std::shared_ptr<const rules::Presence> SessionBook::owes_terms_at(const IpAddress& address) const {
  const std::scoped_lock lock(mutex_);
  const auto found = places_.find(address);
  if (found == places_.end()) return nullptr;
  const Session* last = nullptr;
  for (const Session& session : found->second.sessions)
    if (session.report.holds_for == HoldsFor::connection && session.report.terms_due &&
        (last == nullptr || last->seen < session.seen))
      last = &session;
  if (last == nullptr) return nullptr;
  auto presence = std::make_shared<rules::Presence>();
  presence->address = address;
  presence->person = last->report.person;
  presence->terms_due = true;
  return presence;
}

SessionCounters SessionBook::counters() const {
  const std::scoped_lock lock(mutex_);
  SessionCounters counters = counters_;
  counters.sessions = on_mac_.size();
  for (const auto& [address, place] : places_) counters.sessions += place.sessions.size();
  counters.devices = addresses_of_mac_.size();
  return counters;
}

}  // namespace schoolgate::identity
