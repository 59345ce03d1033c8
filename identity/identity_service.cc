#include "identity/identity_service.h"

#include <algorithm>
#include <unordered_set>

#include "base/log.h"
#include "base/thread_name.h"
#include "identity/access_register.h"
#include "identity/account_name.h"
#include "identity/accounts.h"
#include "identity/device_register.h"
#include "identity/saved_sessions.h"
#include "identity/visits.h"

namespace schoolgate::identity {
namespace {

using names::IpAddress;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// A device asks for its first page a moment after it got its address: leases are looked at more often than that.
constexpr std::chrono::milliseconds kBeat{250};
constexpr seconds kTick{1}, kLookAtNeighbours{1}, kLookAtRegister{2}, kSaveChanges{5}, kRetryGroups{30};
/// Leases are told again so often, so that a quiet lease file does not let its machines be forgotten.
constexpr minutes kTellLeases{10};
constexpr std::string_view kWalk = "leavers";
constexpr std::size_t kMostUnknownGroups = 5'000;
/// Groups of those who are signed in: looked through so often, so many asked for at once, and how old they may become
/// where no directory says so.
constexpr seconds kLookAtGroups{5};
constexpr std::size_t kMostFollowedAtOnce = 100;
constexpr std::chrono::seconds kFollowGroups = minutes(1);

int utc_minute(TimePoint time) {
  return int(std::chrono::floor<minutes>(time - std::chrono::floor<std::chrono::days>(time)).count());
}

bool is_due(SteadyTime& last, SteadyTime now, std::chrono::seconds every) {
  if (last != SteadyTime{} && now - last < every) return false;
  last = now;
  return true;
}

void log_event(const SessionEvent& event) {
  if (event.kind == SessionEvent::Kind::signed_in || event.kind == SessionEvent::Kind::signed_out) return;
  log::warning(to_string(event.kind),
               {{"user", event.user}, {"address", event.address.text()}, {"mac", event.mac}, {"text", event.text}});
}

}  // namespace

IdentityService::IdentityService(const IdentitySettings& settings, IdentityHooks hooks)
    : settings_(settings), hooks_(std::move(hooks)) {
  if (!hooks_.now) hooks_.now = moment_now;
  if (!hooks_.believes_clock) hooks_.believes_clock = [] { return true; };
  if (!hooks_.local_minute) hooks_.local_minute = utc_minute;
  if (!hooks_.on_event) hooks_.on_event = log_event;
}

Result<std::unique_ptr<IdentityService>> IdentityService::open(const IdentitySettings& settings,
                                                               std::filesystem::path state,
                                                               rules::PresenceStore& presences, IdentityHooks hooks) {
  std::unique_ptr<IdentityService> service(new IdentityService(settings, std::move(hooks)));
  IdentityService& it = *service;
  const auto& sign_in = settings.sign_in;

  auto terms = Terms::load(sign_in ? sign_in->terms : std::nullopt);
  if (!terms) return std::unexpected(terms.error());
  it.terms_ = *std::move(terms);
  auto people = PeopleDatabase::open(state);
  if (!people) return std::unexpected(people.error());
  it.people_ = *std::move(people);

  it.sessions_ = std::make_unique<SessionBook>(
      SessionBook::Settings{.order = settings.sources, .rules = settings.sessions}, presences, it.hooks_.local_minute,
      [&it](const SessionEvent& event) { it.tell(event); });
  const Moment now = it.hooks_.now();
  auto saved = SavedSessions(*it.people_).load();
  if (!saved) return std::unexpected(saved.error());
  it.sessions_->restore(*std::move(saved), now);
  it.look_at_register(now);

  if (auto opened = it.open_directory(state); !opened) return std::unexpected(opened.error());
  it.sign_in_ = std::make_unique<SignIn>(
      SignIn::Parts{.people = *it.people_,
                    .sessions = *it.sessions_,
                    .credentials = it.credentials_.get(),
                    .terms = it.terms_,
                    .terms_renewal = sign_in ? std::chrono::seconds(sign_in->terms_renewal) : std::chrono::seconds(0),
                    .asks_for_terms = sign_in.has_value(),
                    .now = it.hooks_.now});

  // The terms may be others than those that restored sessions were asked about.
  if (sign_in)
    for (const ShownSession& session : it.sessions_->list())
      it.sessions_->set_terms_due(session.person.user, it.sign_in_->terms_due(session.person));

  if (settings.logon_secret_file) {
    auto logon = LogonCalls::open(*settings.logon_secret_file);
    if (!logon) return std::unexpected(logon.error());
    it.logon_ = *std::move(logon);
    if (auto kept = it.logon_->keep_seen_in(state / "logon.seen"); !kept) return std::unexpected(kept.error());
  }
  if (!settings.leases.empty()) it.leases_.emplace(settings.leases);
  if (auto opened = it.open_radius(state); !opened) return std::unexpected(opened.error());
  return service;
}

// What verifies passwords and tickets, and the nightly walk through the same directory.
Result<void> IdentityService::open_directory(const std::filesystem::path& state) {
  auto credentials = Credentials::start(
      {.directory = settings_.directory,
       .keytab = settings_.keytab,
       .keytab_principal = settings_.keytab_principal,
       .state_folder = state},
      [this](std::string_view user) -> std::optional<LocalAccount> {
        const auto account = Accounts(*people_).find(user);
        if (!account || !*account) return std::nullopt;
        const TimePoint at = hooks_.now().wall;
        const Account& known = **account;
        return LocalAccount{.password_hash = known.password_hash,
                            .name = known.name,
                            .groups = known.groups,
                            .disabled = known.disabled || (known.valid_from && at < *known.valid_from),
                            .valid_until = known.valid_until};
      });
  if (!credentials) return std::unexpected(credentials.error());
  credentials_ = *std::move(credentials);
  if (settings_.directory)
    leavers_.emplace(Leavers::Parts{
        .people = *people_,
        .credentials = *credentials_,
        .on_leaver =
            [this](const std::string& user) { sessions_->sign_out_user(user, SessionEnd::removed, hooks_.now()); },
        .on_suspicion =
            [this](const std::string& text) {
              tell({.kind = SessionEvent::Kind::directory_doubted,
                    .user = {},
                    .mac = {},
                    .when = hooks_.now().wall,
                    .text = text});
            },
        .now = [this] { return hooks_.now().wall; }});
  return {};
}

Result<void> IdentityService::open_radius(const std::filesystem::path& state) {
  if (!settings_.radius) return {};
  auto radius = RadiusListener::open(
      *settings_.radius,
      [this](const AccountingRequest& request, const IpAddress& from) { take_accounting(request, from); },
      [this](RadiusRefusal refusal, const IpAddress& from) {
        tell({.kind = SessionEvent::Kind::refused,
              .user = {},
              .address = from,
              .mac = {},
              .when = hooks_.now().wall,
              .text = "a RADIUS packet from " + from.text() + " was refused: " + std::string(to_string(refusal))});
      },
      [this] { return hooks_.now().wall; });
  if (!radius) return std::unexpected(radius.error());
  radius_ = *std::move(radius);
  if (auto kept = radius_->keep_seen_in(state / "radius.seen"); !kept) return std::unexpected(kept.error());
  return {};
}

IdentityService::~IdentityService() { stop(); }

void IdentityService::start() {
  if (radius_) radius_->start();
  keeper_ = std::jthread([this](std::stop_token stop) {
    name_this_thread("identity");
    keep(stop);
  });
}

void IdentityService::stop() {
  if (radius_) radius_->stop();
  if (!keeper_.joinable()) return;
  keeper_.request_stop();
  keeper_.join();
  save(hooks_.now().steady);
  people_->checkpoint();
}

void IdentityService::keep(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    const Moment now = hooks_.now();
    look_at_devices(now);
    if (is_due(register_at_, now.steady, kLookAtRegister)) look_at_register(now);
    if (is_due(ticked_at_, now.steady, kTick)) sessions_->tick(now);
    if (is_due(retried_at_, now.steady, kRetryGroups)) retry_groups();
    if (is_due(followed_at_, now.steady, kLookAtGroups)) follow_groups(now.steady);
    if (sessions_->changes() != saved_changes_ && is_due(saved_at_, now.steady, kSaveChanges)) save(now.steady);
    if (is_due(minute_at_, now.steady, minutes(1))) {
      const bool believed = hooks_.believes_clock();
      if (believed) close_what_ran_out(now);
      save(now.steady);  // also when nobody came or went: who was active when
      people_->checkpoint();
      if (believed && leavers_) walk_if_due(now.wall);
    }
    wake.wait_for(lock, stop, kBeat, [] { return false; });
  }
}

// Nightly; a gateway that is off at night does it when it is on.
void IdentityService::walk_if_due(TimePoint now) {
  const auto last = people_->done_at(kWalk);
  if (!last) return log::error("people.db cannot be read", {{"why", last.error().text()}});
  const bool is_due = is_walk_due(*last, now, hooks_.local_minute(now));
  if (*last && *last <= now && !is_due) return;
  if (auto noted = people_->set_done(kWalk, now); !noted)
    return log::error("people.db cannot be written", {{"why", noted.error().text()}});
  if (is_due) leavers_->begin();
}

void IdentityService::look_at_devices(Moment now) {
  std::vector<DeviceSeen> seen;
  if (leases_) {
    auto changed = leases_->changed(now.wall);
    leases_left_out_ = leases_->left_out();
    if (changed) known_leases_ = *std::move(changed);
    if (is_due(leases_told_at_, now.steady, kTellLeases) || changed)
      for (const Lease& lease : known_leases_)
        if (!lease.until || now.wall < *lease.until) seen.push_back({lease.address, lease.mac, lease.name});
  }
  if (hooks_.neighbours && std::ranges::count(settings_.sources, Source::neighbours) > 0 &&
      is_due(neighbours_at_, now.steady, kLookAtNeighbours)) {
    auto neighbours = hooks_.neighbours();
    seen.insert(seen.end(), std::make_move_iterator(neighbours.begin()), std::make_move_iterator(neighbours.end()));
  }
  if (!seen.empty()) sessions_->devices_seen(seen, now);
}

void IdentityService::look_at_register(Moment now) {
  const std::uint64_t mark = people_->change_mark();
  if (mark == register_mark_) return;
  const auto devices = DeviceRegister(*people_).all();
  const auto accounts = Accounts(*people_).all();
  const auto visits = Visits(*people_).all();
  if (!devices || !accounts || !visits) {
    log::error("people.db cannot be read", {{"why", (!devices    ? devices.error()
                                                     : !accounts ? accounts.error()
                                                                 : visits.error())
                                                        .text()}});
    return;  // tried again: the mark stays
  }
  register_mark_ = mark;
  std::unordered_map<std::string, rules::Device> known;
  for (const RegisteredDevice& device : *devices)
    known.emplace(device.mac, rules::Device{.mac = device.mac,
                                            .name = device.name,
                                            .kind = device.kind,
                                            .owner = device.owner,
                                            .by_name_only = device.by_name_only});
  sessions_->use_register(std::move(known), now);

  std::unordered_set<std::string> closed;
  for (const Account& account : *accounts)
    if (!account.holds(now.wall)) closed.insert(account.user);
  for (const Visit& visit : *visits)
    if (visit.closed || now.wall >= visit.until) closed.insert(visit.user());
  std::unordered_set<std::string> ended;
  for (const ShownSession& session : sessions_->list())
    if (closed.contains(session.person.user) && ended.insert(session.person.user).second)
      sessions_->sign_out_user(session.person.user, SessionEnd::removed, now);
}

void IdentityService::close_what_ran_out(Moment now) {
  const auto users = AccessRegister(*people_).close_run_out(now.wall);
  if (!users) {
    log::error("the register of access cannot be written", {{"why", users.error().text()}});
    return;
  }
  for (const std::string& user : *users) sessions_->sign_out_user(user, SessionEnd::until, now);
}

void IdentityService::save(SteadyTime now) {
  const std::uint64_t changes = sessions_->changes();
  const auto saved = SavedSessions(*people_).save(sessions_->save());
  if (!saved) {
    if (save_failures_.fetch_add(1) == 0) log::error("sessions cannot be saved", {{"why", saved.error().text()}});
    return;
  }
  saved_changes_ = changes;
  saved_at_ = now;
}

void IdentityService::take_accounting(const AccountingRequest& request, const IpAddress& from) {
  using Status = AccountingRequest::Status;
  const Moment now = hooks_.now();
  // Two controllers may bear one name, and count their sessions alike.
  const std::string sender = from.text() + '/';
  const std::string id = sender + request.session_id;
  switch (request.status) {
    case Status::other: return;
    case Status::on:
    case Status::off: sessions_->sign_out_sessions(sender + request.sender + '/', SessionEnd::stopped, now); return;
    case Status::stop: sessions_->sign_out_session({id, request.mac}, SessionEnd::stopped, now); return;
    case Status::start:
    case Status::interim: break;
  }
  const IpAddress address =
      request.address.value_or(request.more_addresses.empty() ? IpAddress{} : request.more_addresses.front());
  std::vector<DeviceSeen> seen;
  const auto machine = machine_name(request.user);
  if (machine && address != IpAddress{}) seen.push_back({address, request.mac, *machine, true});
  if (!request.mac.empty())
    for (const IpAddress& more : request.more_addresses) seen.push_back({more, request.mac, {}, true});
  if (!seen.empty()) sessions_->devices_seen(seen, now);

  // A switch that lets machines in by their address sends the address as the name; tunnels hide theirs as "anonymous".
  const auto user = account_name(request.user);
  if (machine || mac_address(request.user) || request.user.empty()) return;
  if (user && user->starts_with("anonymous")) return;
  if (!user) return say_unreadable_name(request, from, now);
  if (request.status == Status::interim && sessions_->still_there({id, request.mac, *user}, address, now)) return;
  vouch(
      {.address = address,
       .person = {.user = *user, .name = {}, .groups = {}, .confidence = rules::Confidence::login, .source = "radius"},
       .source = Source::radius,
       .mac = request.mac,
       .session_id = id});
}

// Once in a while: a school finds out why a pupil is nobody, and no one fills the log.
void IdentityService::say_unreadable_name(const AccountingRequest& request, const IpAddress& from, Moment now) {
  if (!is_due(name_said_at_, now.steady, minutes(1))) return;
  tell(
      {.kind = SessionEvent::Kind::refused,
       .user = {},
       .address = from,
       .mac = request.mac,
       .when = now.wall,
       .text = "a RADIUS report from " + from.text() +
               " names an account that no account is called (letters a to z, digits and . _ - ' are known): whoever it "
               "is stays unknown"});
}

void IdentityService::follow_groups(SteadyTime now) {
  const auto fresh = settings_.directory ? settings_.directory->fresh : kFollowGroups;
  std::unordered_map<std::string, SteadyTime> still_there;
  std::size_t asked = 0;
  for (const ShownSession& session : sessions_->list()) {
    const rules::Person& person = session.person;
    const bool is_followed =
        session.source == Source::radius || session.source == Source::logon || session.source == Source::sign_in;
    if (!is_followed || person.user.contains(':') || person.confidence != rules::Confidence::login) continue;
    if (still_there.contains(person.user)) continue;
    const auto known = groups_read_.find(person.user);
    SteadyTime read = known == groups_read_.end() ? now : known->second;
    if (now - read >= fresh && asked < kMostFollowedAtOnce) {
      ++asked;
      read = now;
      fetch_groups(person);
    }
    still_there.emplace(person.user, read);
  }
  groups_read_ = std::move(still_there);
}

std::expected<LogonCall, LogonRefusal> IdentityService::logon(const LogonParameters& parameters) {
  if (!logon_) return std::unexpected(LogonRefusal::wrong_signature);
  const Moment now = hooks_.now();
  auto call = logon_->read(parameters, now.wall);
  if (!call) {
    if (call.error() == LogonRefusal::wrong_signature)
      tell({.kind = SessionEvent::Kind::refused,
            .user = {},
            .address = IpAddress::parse(parameters.address).value_or(IpAddress{}),
            .mac = {},
            .when = now.wall,
            .text = "a logon script's call was refused: " + std::string(to_string(call.error()))});
    return call;
  }
  if (!call->in) {
    sessions_->sign_out(call->address, Source::logon, SessionEnd::signed_out, now);
    sessions_->somebody_else_at(call->address, now);
    return call;
  }
  vouch({.address = call->address,
         .person =
             {.user = call->user, .name = {}, .groups = {}, .confidence = rules::Confidence::login, .source = "logon"},
         .source = Source::logon,
         .mac = {},
         .session_id = {}});
  return call;
}

bool IdentityService::follows(const IpAddress& address) const {
  return std::ranges::any_of(settings_.address_follows.networks,
                             [&](const names::IpNetwork& network) { return network.contains(address); });
}

bool IdentityService::seen_at_proxy(const rules::Person& person, const IpAddress& address, Source source) {
  SignedIn report{.address = address,
                  .person = person,
                  .source = source,
                  .mac = {},
                  .session_id = {},
                  .terms_due = sign_in_->terms_due(person),
                  .holds_for = HoldsFor::connection};
  const bool terms_due = report.terms_due;
  if (follows(address)) {
    // Nobody has proved it on the connections that will be taken for this person's: no surer than the device.
    report.person.confidence = rules::Confidence::device;
    report.a_while = settings_.address_follows.minutes;
    report.holds_for = HoldsFor::address_for_a_while;
  }
  sessions_->signed_in(std::move(report), hooks_.now());
  return terms_due;
}

void IdentityService::refused_at_proxy(const IpAddress& address) {
  if (follows(address)) sessions_->somebody_else_at(address, hooks_.now());
}

void IdentityService::vouch(SignedIn report) {
  const rules::Person person = report.person;
  // Who is known already keeps groups and name while they are fetched anew.
  for (const IpAddress& address : {report.address})
    if (const auto presence = sessions_->find(address);
        presence && presence->person && presence->person->user == person.user) {
      report.person.groups = presence->person->groups;
      report.person.name = presence->person->name;
    }
  report.terms_due = sign_in_->terms_due(report.person);
  sessions_->signed_in(std::move(report), hooks_.now());
  fetch_groups(person);
}

void IdentityService::fetch_groups(const rules::Person& person) {
  credentials_->groups_of(person.user, [this, person](const GroupsAnswer& answer) {
    const Moment now = hooks_.now();
    if (!answer.known) {
      const std::scoped_lock lock(unknown_mutex_);
      if (unknown_groups_.size() < kMostUnknownGroups) unknown_groups_.emplace(person.user, person);
      return;
    }
    if (answer.disabled) {
      sessions_->sign_out_user(person.user, SessionEnd::removed, now);
      return;
    }
    rules::Person known = person;
    known.groups = answer.groups;
    known.name = answer.name;
    sessions_->set_groups(person.user, answer.groups, answer.name);
    sessions_->set_terms_due(person.user, sign_in_->terms_due(known));
    std::string group;
    for (const std::string& one : answer.groups) group += (group.empty() ? "" : ",") + one;
    const auto noted = AccessRegister(*people_).note({.user = person.user,
                                                      .name = answer.name,
                                                      .role = sign_in_->role_of(known),
                                                      .group = group,
                                                      .granted_by = "directory",
                                                      .from = now.wall,
                                                      .until = {},
                                                      .closed = {}},
                                                     now.wall);
    if (!noted) log::error("the register of access cannot be written", {{"why", noted.error().text()}});
  });
}

void IdentityService::retry_groups() {
  std::unordered_map<std::string, rules::Person> again;
  {
    const std::scoped_lock lock(unknown_mutex_);
    again.swap(unknown_groups_);
  }
  for (const auto& [user, person] : again) fetch_groups(person);
}

void IdentityService::tell(const SessionEvent& event) const { hooks_.on_event(event); }

IdentityCounters IdentityService::counters() const {
  return {.sessions = sessions_->counters(),
          .sign_in = sign_in_->counters(),
          .credentials = credentials_->counters(),
          .radius = radius_ ? radius_->counters() : RadiusCounters{},
          .logon = logon_ ? logon_->counters() : LogonCounters{},
          .leases_left_out = leases_left_out_,
          .save_failures = save_failures_};
}

}  // namespace schoolgate::identity
