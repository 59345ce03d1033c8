#include "app/safeguarding_desk.h"

#include <cstdio>
#include <utility>

#include "app/own_changes.h"
#include "base/give_way.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "casework/drafts.h"
#include "casework/measures.h"
#include "casework/privacy.h"
#include "casework/sums.h"
#include "console/change_answers.h"
#include "identity/people_retention.h"
#include "identity/set_up_links.h"
#include "identity/user_database.h"
#include "identity/users.h"
#include "names/url.h"
#include "rules/site_clock.h"

namespace schoolgate::app {
namespace {

constexpr auto kPause = std::chrono::seconds(30);

std::chrono::days whole_days(std::chrono::seconds time) { return std::chrono::floor<std::chrono::days>(time); }

// What browsers are to find in the certificate: this machine's name, and whatever the desk's links lead to.
web::OwnCertificate certificate_for(const config::Settings& settings, const std::string& link) {
  web::OwnCertificate own{.folder = settings.state,
                          .school = settings.site.name,
                          .names = {settings.site.gateway},
                          .addresses = {settings.listen.console->address}};
  if (const auto url = names::Url::parse(link)) {
    if (url->address())
      own.addresses.push_back(*url->address());
    else if (url->host() != settings.site.gateway)
      own.names.emplace_back(url->host());
  }
  return own;
}

}  // namespace

SafeguardingDesk::SafeguardingDesk(Parts parts)
    : parts_(std::move(parts)),
      changes_(own_changes(parts_.folder, parts_.settings.state)),
      replay_(parts_.folder, parts_.settings.state) {}

SafeguardingDesk::~SafeguardingDesk() { stop(); }

Result<void> SafeguardingDesk::open_measures() {
  if (desk_) return {};
  auto desk = casework::DeskStore::open(parts_.settings.state);
  if (!desk) return std::unexpected(std::move(desk.error()));
  desk_ = std::move(*desk);
  return {};
}

Result<void> SafeguardingDesk::open_stores() {
  if (auto opened = open_measures(); !opened) return opened;
  if (!users_) {
    auto users = identity::UserDatabase::open(parts_.settings.state);
    if (!users) return std::unexpected(std::move(users.error()));
    users_ = std::move(*users);
  }
  return {};
}

Result<void> SafeguardingDesk::try_to_open() {
  const std::scoped_lock lock(mutex_);
  return open_stores();
}

Result<void> SafeguardingDesk::try_to_start(identity::PeopleDatabase* people, identity::SessionBook* sessions) {
  if (auto opened = try_to_open(); !opened) return opened;
  if (!keeper_.joinable()) {
    people_ = people;
    sessions_ = sessions;
    keeper_ = std::jthread([this](const std::stop_token& stop) { keep(stop); });
  }
  if (server_) return {};
  if (auto serves = serve(); !serves) return serves;
  return server_ ? print_set_up_link() : Result<void>();
}

Result<void> SafeguardingDesk::serve() {
  const config::Settings& settings = parts_.settings;
  if (settings.listen.console) {
    console::Hooks hooks = parts_.hooks;
    hooks.open_measure = [this](rules::Measure measure) {
      return open_measure(std::move(measure), breaches::current_user());
    };
    hooks.close_measure = [this](std::string_view id, std::string_view by, std::string_view why) {
      return close_measure(id, by, why, breaches::current_user());
    };
    hooks.replay_of = [this](std::uint64_t number) { return replay_.state(number); };
    hooks.start_replay = [this](const changes::Proposal& proposal) { return replay_.start(changes_, proposal); };
    console_ = std::make_unique<console::Console>(
        console::Console::Parts{.school = settings.site.name,
                                .gateway = settings.site.gateway,
                                .state = settings.state,
                                .decisions = settings.decisions.value_or(std::filesystem::path()),
                                .clock = &parts_.clock,
                                .users = *users_,
                                .people = people_,
                                .sessions = sessions_,
                                .hooks = std::move(hooks),
                                .changes = parts_.folder.empty() ? nullptr : &changes_});
    const config::Endpoint& at = *settings.listen.console;
    certificate_ = std::make_unique<PageCertificate>(settings, certificate_for(settings, parts_.address));
    auto tls = certificate_->load(parts_.ask_clock().likely);
    if (!tls) return std::unexpected(std::move(tls.error()));
    std::vector<web::Listener> listeners{{.address = at.address,
                                          .port = at.port,
                                          .tls = *tls,
                                          .router = std::make_shared<const web::Router>(console_->router())}};
    auto server = web::Server::start("console", std::move(listeners));
    if (!server) return std::unexpected(std::move(server.error()));
    server_ = std::move(*server);
    log::info("the desk is open", {{"at", "https://" + at.text() + "/"}, {"certificate", (*tls)->fingerprint()}});
  }
  return {};
}

void SafeguardingDesk::follow_certificate(const std::string& address) {
  if (!server_) return;
  const bool is_another = parts_.address != address;
  if (is_another) {
    parts_.address = address;
    certificate_->name(certificate_for(parts_.settings, address));
  }
  auto tls = certificate_->renewed({parts_.ask_clock().likely, steady_now()}, is_another);
  if (!tls) return;
  log::info("the desk has another certificate", {{"certificate", tls->fingerprint()}});
  server_->use(std::move(tls));
}

Result<void> SafeguardingDesk::print_set_up_link() {
  const auto any = identity::Users(*users_).any();
  if (!any) return std::unexpected(any.error());
  if (*any) return {};
  const auto link = identity::SetUpLinks(*users_).make(wall_now());
  if (!link) return std::unexpected(link.error());
  std::fprintf(
      stderr,
      "schoolgate: the desk has no account yet. Within 24 hours, open this link once to make the first:\n"
      "  %s/set-up/%s\n",
      parts_.address.empty() ? ("https://" + parts_.settings.listen.console->text()).c_str() : parts_.address.c_str(),
      link->token.c_str());
  return {};
}

void SafeguardingDesk::stop() {
  if (keeper_.joinable()) {
    keeper_.request_stop();
    woken_.notify_all();
    keeper_.join();
  }
  if (server_) server_->stop();
  server_.reset();
}

Result<std::vector<rules::Measure>> SafeguardingDesk::measures(TimePoint now) {
  const std::scoped_lock lock(mutex_);
  if (auto opened = open_measures(); !opened) return std::unexpected(std::move(opened.error()));
  return casework::MeasureStore(*desk_, &parts_.audit).in_force(now);
}

Result<bool> SafeguardingDesk::put_back(const rules::Measure& measure) {
  const std::scoped_lock lock(mutex_);
  if (auto opened = open_measures(); !opened) return std::unexpected(std::move(opened.error()));
  return casework::MeasureStore(*desk_, &parts_.audit).put_back(measure, breaches::current_user(), wall_now());
}

Result<std::string> SafeguardingDesk::open_measure(rules::Measure measure, const breaches::MachineUser& user) {
  const rules::PolicySpec spec = parts_.spec();
  if (measure.sites.empty() && !measure.list.empty()) {
    auto sites = rules::sites_of_list(spec, measure.list);
    if (!sites) return std::unexpected(std::move(sites.error()));
    measure.sites = std::move(*sites);
  }
  if (auto fits = rules::check_measure(measure, spec); !fits) return std::unexpected(std::move(fits.error()));
  std::string id;
  {
    const std::scoped_lock lock(mutex_);
    if (auto there = open_measures(); !there) return std::unexpected(std::move(there.error()));
    auto opened = casework::MeasureStore(*desk_, &parts_.audit).open(std::move(measure), user, wall_now());
    if (!opened) return opened;
    id = std::move(*opened);
  }
  if (auto changed = parts_.measures_changed(); !changed) return std::unexpected(std::move(changed.error()));
  return id;
}

Result<void> SafeguardingDesk::close_measure(std::string_view id, std::string_view by, std::string_view why,
                                             const breaches::MachineUser& user) {
  {
    const std::scoped_lock lock(mutex_);
    if (auto there = open_measures(); !there) return there;
    auto closed = casework::MeasureStore(*desk_, &parts_.audit).close(id, by, why, user, wall_now());
    if (!closed) return closed;
  }
  return parts_.measures_changed();
}

Result<void> SafeguardingDesk::end_measure(std::string_view id) {
  const std::scoped_lock lock(mutex_);
  if (auto there = open_measures(); !there) return there;
  return casework::MeasureStore(*desk_, &parts_.audit)
      .close(id, "schoolgate", "its time was over; the clock had been set back meanwhile", breaches::current_user(),
             wall_now());
}

// Sums so that reports are quick; once a day what is over its time goes.
void SafeguardingDesk::keep(const std::stop_token& stop) {
  name_this_thread("desk");
  give_way();
  auto desk = casework::DeskStore::open(parts_.settings.state);
  if (!desk) return log::error("reports and retention do not work", {{"why", desk.error().text()}});
  std::optional<casework::Sums> sums;
  sums.emplace(**desk, parts_.settings.decisions.value_or(std::filesystem::path()), rules::local_clock(parts_.clock));
  std::optional<std::chrono::sys_days> enforced;
  std::mutex mutex;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    const auto progress = sums->advance(20'000);
    if (!progress) log::warning("sums for reports are behind", {{"why", progress.error().text()}});
    const ClockStanding clock = parts_.ask_clock();
    if (clock.is_believed()) follow_changes(**desk, clock.likely);
    if (clock.is_believed())
      if (const auto forgotten = casework::Drafts(**desk).forget(clock.likely); !forgotten)
        log::warning("kept text is not removed after its day", {{"why", forgotten.error().text()}});
    const auto today = std::chrono::floor<std::chrono::days>(clock.likely);
    if (clock.is_believed() && enforced != today) {
      enforced = today;
      enforce_retention(**desk, clock.likely);
    }
    if (progress && progress->more) continue;
    woken_.wait_for(lock, stop, kPause, [] { return false; });
  }
}

// What is agreed to and due: at a set time, or when the last consent was given by a command. Where this process may not
// write the configuration root does it, and those who asked are answered all the same.
void SafeguardingDesk::follow_changes(casework::DeskStore& desk, TimePoint now) {
  if (parts_.folder.empty()) return;
  if (changes_.may_write()) {
    const auto tried = changes_.apply_waiting(changes::ChangeControl::Reach::everything);
    if (!tried) log::warning("changes that wait cannot be read", {{"why", tried.error().text()}});
    for (const auto& one : tried.value_or(std::vector<changes::ChangeControl::Tried>()))
      if (!one.outcome)
        log::warning("a change could not be put in force",
                     {{"change", one.number}, {"why", one.outcome.error().error.text()}});
  }
  console::answer_applied(changes_, desk, now);
}

void SafeguardingDesk::enforce_retention(casework::DeskStore& desk, TimePoint now) {
  const config::Retention& retention = parts_.settings.retention;
  const casework::RetentionRules rules{.breaches = whole_days(retention.breaches),
                                       .incidents = whole_days(retention.incidents),
                                       .page_reports = whole_days(retention.breaches),
                                       .checks = whole_days(retention.audit),
                                       .journal = whole_days(retention.audit),
                                       .sums = whole_days(retention.audit)};
  const auto removed = casework::Privacy(desk).enforce(rules, now);
  if (!removed) return log::error("retention is not enforced", {{"why", removed.error().text()}});
  for (const casework::Deletion& deletion : *removed)
    log::info("removed after its time", {{"kind", deletion.kind}, {"count", deletion.count}});
  if (!people_) return;
  const auto people = identity::forget_people_before(*people_, now - retention.people, now);
  if (!people) log::error("retention of people is not enforced", {{"why", people.error().text()}});
}

}  // namespace schoolgate::app
