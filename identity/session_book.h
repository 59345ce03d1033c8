// The book of sessions: the person behind each address, since when, by which source, and until when.
//
// Owned by IdentityService, outlives its sources. Thread-safe; no call waits for a disk or a network.
// Every change is published at once to the PresenceStore as a new immutable map: workers never see the book itself.
// Several sources may speak for one address; the one that stands first in `sources` is shown as long as its session
// holds, and the next one after that. Idle times and sightings are counted on the steady clock, so that a clock that is
// put right ends nobody's session; the end of the day and a visitor's time are the wall's. docs/identity.md tells
// schools how sessions begin and end.
//
// Why this class is long: every change keeps the same few invariants under one lock (the session shown at an address,
// the indexes by person and MAC, the published map), so its parts would share all of its state.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/steady_clock.h"
#include "identity/identity_settings.h"
#include "identity/session_event.h"
#include "names/ip_address.h"
#include "rules/presence.h"

namespace schoolgate::identity {

/// For what a proof holds: it stays where it was given.
enum class HoldsFor : std::uint8_t {
  address,     ///< for every user of the device: a sign-in at the page, RADIUS, a logon script
  connection,  ///< for one connection to the explicit proxy: listed here, not believed of others at the address
  address_for_a_while,  ///< given on a connection, and the school wants it for the address (identity.address_follows):
                        ///< the first sign of another person there ends it
};

/// A person or machine at an address, as one source reports it.
struct SignedIn {
  names::IpAddress address;  ///< "::" when only the MAC is known yet (RADIUS before DHCP)
  rules::Person person;
  Source source = Source::sign_in;
  std::string mac;         ///< canonical; may be empty
  std::string session_id;  ///< of the source, unique with it; may be empty
  bool terms_due = false;
  std::optional<TimePoint> until;  ///< of a visitor or an account with a last day
  HoldsFor holds_for = HoldsFor::address;
  std::chrono::seconds a_while{0};  ///< with address_for_a_while: how long after this report, on the steady clock
};

/// A machine at an address.
struct DeviceSeen {
  names::IpAddress address;
  std::string mac;   ///< canonical; may be empty
  std::string name;  ///< as it calls itself; may be empty
  /// The neighbour table saw it just now; leases only tell where it was sent.
  bool on_the_link = false;
};

/// Which sessions a source speaks of. An empty field matches all: an access point may leave the MAC out.
struct SessionKey {
  std::string_view id;  ///< empty: none
  std::string_view mac = {}, user = {};
};

/// What survives a restart: by the wall, the one clock that does.
struct SavedSession {
  SignedIn session;
  TimePoint since{}, seen{}, ends{};
};

/// One session, for the console and the command line.
struct ShownSession {
  names::IpAddress address;
  rules::Person person;
  rules::Device device;
  Source source = Source::sign_in;
  TimePoint since{}, seen{}, ends{};
  bool terms_due = false;
  bool shown = false;  ///< the strongest at its address
};

struct SessionCounters {
  std::size_t sessions = 0, devices = 0;  ///< now
  std::uint64_t sign_ins = 0, sign_outs = 0, idle = 0, ends_of_day = 0, mac_changes = 0, too_many_devices = 0;
  std::uint64_t behind_stronger = 0;  ///< noted, but another source holds the address
  std::uint64_t full = 0;             ///< not taken: the book is full
  std::uint64_t published = 0;
};

class SessionBook {
 public:
  struct Settings {
    std::vector<Source> order;
    SessionRules rules;
    std::size_t most_places = 20'000;  ///< addresses that are remembered at once
    std::chrono::seconds device_memory{
        std::chrono::hours(2)};  ///< an address that was not seen for so long is forgotten
  };
  /// Minutes after local midnight at an instant: the site's clock.
  using LocalMinute = std::function<int(TimePoint)>;
  using OnEvent = std::function<void(const SessionEvent&)>;

  /// `on_event` is called without the lock, on the thread that reported; it must not block.
  SessionBook(Settings settings, rules::PresenceStore& presences, LocalMinute local_minute, OnEvent on_event);

  enum class Entered : std::uint8_t {
    shown,      ///< workers know the person from now on
    behind,     ///< noted; a source that is believed more holds the address, or it holds for one connection only
    waiting,    ///< noted under its MAC, until that MAC is seen at an address
    not_taken,  ///< the source is not configured, neither address nor MAC, or the book is full
  };
  Entered signed_in(SignedIn report, Moment now);

  /// The source says that the session goes on. False when there is none: also where another person has its id now.
  bool still_there(const SessionKey& key, const names::IpAddress& address, Moment now);
  /// Ends the sessions at an address, or those of one source there. Returns how many.
  std::size_t sign_out(const names::IpAddress& address, std::optional<Source> source, SessionEnd why, Moment now);
  /// Ends the session of that id. A Stop that comes after the same device has signed in anew ends nothing.
  std::size_t sign_out_session(const SessionKey& key, SessionEnd why, Moment now);
  /// Ends all sessions whose id begins so: an access point that restarted.
  std::size_t sign_out_sessions(std::string_view id_prefix, SessionEnd why, Moment now);
  /// There is a sign of another person at the address (a refused password, a locked screen): who was believed to be
  /// there for a while is not any more.
  std::size_t somebody_else_at(const names::IpAddress& address, Moment now);
  std::size_t sign_out_user(std::string_view user, SessionEnd why, Moment now);

  /// One map is published for all of them.
  void devices_seen(std::span<const DeviceSeen> devices, Moment now);
  /// What the school's register says of machines, by MAC; replaces what was known.
  void use_register(std::unordered_map<std::string, rules::Device> known, Moment now);

  /// Has `user` accepted the terms (or must do so again)? For all sessions of that name.
  void set_terms_due(std::string_view user, bool due);
  /// Of a person whose groups came later than the sign-in.
  void set_groups(std::string_view user, std::vector<std::string> groups, std::string_view name);

  /// After a reload: holds for the sessions that are there as for those to come. What is over now ends at the next
  /// tick().
  void use(SessionRules rules);

  /// Ends what has run out. Every second or so. An end of the day that a clock set wrong put into the future comes back
  /// with it.
  void tick(Moment now);

  [[nodiscard]] std::vector<SavedSession> save() const;
  /// Those that still hold at `now`; meant for a book that is empty yet.
  void restore(std::vector<SavedSession> sessions, Moment now);
  /// Grows with each change that a restart should remember.
  [[nodiscard]] std::uint64_t changes() const;

  [[nodiscard]] std::vector<ShownSession> list() const;
  [[nodiscard]] std::shared_ptr<const rules::Presence> find(const names::IpAddress& address) const;
  /// Who has last proved on a connection from there who they are and still has to accept the terms of use: they answer
  /// on the page, which sees the address only. Null when there is no such person.
  [[nodiscard]] std::shared_ptr<const rules::Presence> owes_terms_at(const names::IpAddress& address) const;
  [[nodiscard]] SessionCounters counters() const;

 private:
  struct Session {
    SignedIn report;
    std::size_t rank = 0;
    TimePoint since{}, ends{};  ///< by the wall: what people are shown, and the timetable's end of the day
    SteadyTime seen{};
  };
  struct Place {
    std::string mac, name;
    bool on_the_link = false;
    SteadyTime device_seen{};
    std::vector<Session> sessions;  ///< one a source at most, the most believed first
    std::shared_ptr<const rules::Presence> presence;
    std::vector<std::weak_ptr<const rules::Presence>> earlier;  ///< connections still hold them and mark them active
  };
  using Places = std::unordered_map<names::IpAddress, Place, rules::AddressHash>;
  using Events = std::vector<SessionEvent>;
  /// Decides about a session at an address ("::" for one that is bound to a MAC only).
  using Ending = std::function<std::optional<SessionEnd>(const Session&, const names::IpAddress&)>;

  [[nodiscard]] static bool fits(const Session& session, const SessionKey& key) noexcept;
  [[nodiscard]] std::optional<std::size_t> rank_of(Source source) const noexcept;
  [[nodiscard]] TimePoint end_of_day_after(TimePoint now) const;
  [[nodiscard]] SteadyTime active_at(const Place& place) const;
  [[nodiscard]] SteadyTime active_on(const std::string& mac) const;
  [[nodiscard]] bool is_live(const Place& place) const;
  [[nodiscard]] bool has_one_user(const std::string& mac) const;
  [[nodiscard]] std::span<const names::IpAddress> addresses_of(const std::string& mac) const;
  /// The first at an address that holds for more than a connection.
  [[nodiscard]] static const Session* most_believed(const Place& place);
  [[nodiscard]] const Session* shown_at(const names::IpAddress& address, const Place& place) const;
  [[nodiscard]] std::shared_ptr<rules::Presence> picture_of(const names::IpAddress& address, const Place& place) const;
  [[nodiscard]] std::size_t devices_of(std::string_view user) const;

  void note(Moment now);
  /// What the wall showed, or would have shown as it is set now.
  [[nodiscard]] TimePoint on_the_wall(SteadyTime time) const;
  [[nodiscard]] SteadyTime from_the_wall(TimePoint time) const;
  Place* place_at(const names::IpAddress& address, bool for_a_person);
  /// Into a place's list, or onto a MAC. False when it only goes on with what was there.
  bool put(std::vector<Session>& sessions, Session session, Events& events);
  void end_others_for_a_while(const SignedIn& report, Place& place, Events& events);
  void begun(const Session& session, Events& events);
  void ended(const Session& session, const names::IpAddress& address, SessionEnd why, Events& events);
  std::size_t end_where(const Ending& ending, Events& events);
  /// The last step of those that end sessions: tells about it when the lock is gone.
  std::size_t end_and_publish(std::unique_lock<std::mutex> lock, const Ending& ending);
  void set_mac(const names::IpAddress& address, Place& place, const std::string& mac, Events& events);
  void unlink_mac(const names::IpAddress& address, const std::string& mac);
  void see(const DeviceSeen& device, Events& events);
  void renew(const names::IpAddress& address, Place& place);
  void renew_mac(const std::string& mac);
  template <class Change>
  void change_sessions_of(std::string_view user, Change change);
  void publish();
  void tell(const Events& events) const;

  const Settings settings_;
  rules::PresenceStore& presences_;
  const LocalMinute local_minute_;
  const OnEvent on_event_;

  mutable std::mutex mutex_;
  SessionRules rules_;  ///< those in force; settings_ has the ones of the start
  Moment now_{};        ///< of the latest report or tick; the wall may have been set back since the one before
  Places places_;
  std::unordered_map<std::string, std::vector<names::IpAddress>> addresses_of_mac_;
  /// RADIUS vouches for a machine, whatever addresses it has: sessions by MAC (a list of one).
  std::unordered_map<std::string, std::vector<Session>> on_mac_;
  std::unordered_map<std::string, rules::Device> register_;
  rules::PresenceMap map_;
  bool dirty_ = false;
  std::uint64_t changes_ = 0;
  SessionCounters counters_;
};

}  // namespace schoolgate::identity
