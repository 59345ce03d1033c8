#include "casework/alerts/notification_choices.h"

#include <algorithm>
#include <charconv>

#include "casework/alerts/conflict_of_interest.h"
#include "casework/shown_text.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

constexpr std::string_view kField = "notification", kAccount = "account ";
constexpr int kDay = 24 * 60;

const Recipient* recipient_of(const AlertSettings& settings, std::string_view id) {
  const auto found = std::ranges::find(settings.recipients, id, &Recipient::id);
  return found == settings.recipients.end() ? nullptr : &*found;
}

const Recipient* recipient_who_is(const AlertSettings& settings, std::string_view user) {
  const auto found = std::ranges::find(settings.recipients, user, &Recipient::user);
  return user.empty() || found == settings.recipients.end() ? nullptr : &*found;
}

const NotificationChoice* choice_of(const NotificationChoices& choices, const Recipient* recipient) {
  if (!recipient || recipient->user.empty()) return nullptr;
  const auto found = choices.find(recipient->user);
  return found == choices.end() ? nullptr : &found->second;
}

// How many minutes the quiet lasts from now on; 0: it is not quiet.
int quiet_minutes(const std::pair<int, int>& quiet, int minute) noexcept {
  const auto [from, until] = quiet;
  if (from == until) return 0;
  const bool inside = from < until ? minute >= from && minute < until : minute >= from || minute < until;
  return inside ? (until - minute + kDay) % kDay : 0;
}

bool has_daily_route(const AlertSettings& settings) { return std::ranges::any_of(settings.routes, &AlertRoute::daily); }

// A choice of the digest holds where alerts.yaml sends one.
bool waits_for_digest(const AlertSettings& settings, const NotificationChoice* choice, int urgency) {
  return choice && choice->in_digest && urgency < kAlwaysAtOnce && has_daily_route(settings);
}

std::optional<int> number_from(std::string_view text) {
  int number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number < 0 || number >= kDay) return std::nullopt;
  return number;
}

// "digest 1080-420", "now"; what cannot be read is no choice.
NotificationChoice choice_from(std::string_view word, std::string_view text) {
  NotificationChoice choice{.in_digest = word == "digest", .quiet = {}};
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return choice;
  const auto from = number_from(text.substr(0, dash)), until = number_from(text.substr(dash + 1));
  if (from && until) choice.quiet = {*from, *until};
  return choice;
}

// Of one episode at one moment.
struct Telling {
  const AlertSettings& settings;
  const breaches::Episode& episode;
  const NotificationChoices& choices;
  const Duty& duty;
  LocalTime local;

  [[nodiscard]] bool is_away(const Recipient* recipient) const {
    return recipient && !recipient->user.empty() && duty.is_away(recipient->user, local.day);
  }
  /// A colleague who leads safeguarding and is there. A webhook is nobody, "it" does not look after children, and of a
  /// recipient without an account nothing is known.
  [[nodiscard]] bool is_colleague(const Recipient* recipient) const {
    return recipient && recipient->id != "it" && !recipient->user.empty() && duty.may_have_work(recipient->user) &&
           !is_away(recipient);
  }
  [[nodiscard]] bool in_digest(const std::string& destination) const {
    return waits_for_digest(settings, choice_of(choices, recipient_of(settings, destination)), episode.urgency);
  }
  [[nodiscard]] int wait_of(const std::string& destination) const {
    const NotificationChoice* const choice = choice_of(choices, recipient_of(settings, destination));
    return choice && choice->quiet && episode.urgency < kThroughQuiet ? quiet_minutes(*choice->quiet, local.minute) : 0;
  }
  [[nodiscard]] bool reaches_colleague_now(const std::set<std::string>& destinations) const {
    return std::ranges::any_of(destinations, [&](const std::string& destination) {
      return is_colleague(recipient_of(settings, destination)) && !in_digest(destination) && wait_of(destination) == 0;
    });
  }
  [[nodiscard]] std::set<std::string> wanted_after_absences(const std::vector<std::string>& wanted) const;
};

// Whom the stand-ins of absent recipients make of `wanted`. An absence for which nobody stands in holds only while a
// colleague is told at once.
std::set<std::string> Telling::wanted_after_absences(const std::vector<std::string>& wanted) const {
  std::vector<std::string> present, missing;
  for (const std::string& destination : wanted) {
    const Recipient* const recipient = recipient_of(settings, destination);
    if (!is_away(recipient)) {
      present.push_back(destination);
      continue;
    }
    const Recipient* const other = recipient_who_is(settings, duty.who_has(recipient->user, local.day));
    if (other)
      present.push_back(other->id);
    else
      missing.push_back(destination);
  }
  std::set<std::string> destinations = destinations_for(settings, present, episode);
  if (!missing.empty() && !reaches_colleague_now(destinations))
    destinations.merge(destinations_for(settings, missing, episode));
  return destinations;
}

}  // namespace

std::vector<Told> told_by_choice(const AlertSettings& settings, const std::vector<std::string>& wanted,
                                 const breaches::Episode& episode, const NotificationChoices& choices, const Duty& duty,
                                 const LocalClock& clock, TimePoint now) {
  const Telling telling{settings, episode, choices, duty, local_or_utc(clock, now)};
  const std::set<std::string> destinations = telling.wanted_after_absences(wanted);
  // What is urgent reaches a colleague at once: if it is quiet for all of them, it is quiet for none.
  const bool no_quiet = episode.urgency >= kAlwaysAtOnce && !telling.reaches_colleague_now(destinations);
  std::vector<Told> told;
  for (const std::string& destination : destinations) {
    if (telling.in_digest(destination)) continue;
    const int wait = no_quiet ? 0 : telling.wait_of(destination);
    told.push_back({.destination = destination, .due = now + std::chrono::minutes(wait)});
  }
  return told;
}

std::set<std::string> digest_by_choice(const AlertSettings& settings, const breaches::Episode& episode,
                                       const NotificationChoices& choices, const Duty& duty, const LocalClock& clock,
                                       TimePoint now) {
  std::set<std::string> destinations;
  // The day that it was, and the day that it is: an absence may have begun or ended since.
  for (const TimePoint moment : {episode.last, now}) {
    const Telling telling{settings, episode, choices, duty, local_or_utc(clock, moment)};
    for (const AlertRoute& route : settings.routes) {
      if (route.daily || episode.urgency < route.urgency) continue;
      for (const std::string& destination : telling.wanted_after_absences(route.to))
        if (telling.in_digest(destination)) destinations.insert(destination);
    }
  }
  for (const AlertRoute& route : settings.routes)
    if (route.daily && episode.urgency >= route.urgency)
      for (const std::string& destination : route.to) destinations.erase(destination);
  return destinations;
}

Result<NotificationChoices> NotificationBook::read() {
  NotificationChoices choices;
  auto read = store::select(desk_.database(),
                            "SELECT about, choice, text FROM entries e WHERE field = 'notification' AND number ="
                            " (SELECT max(number) FROM entries l WHERE l.about = e.about AND l.field = 'notification')",
                            [&](store::Statement& row) {
                              const std::string_view about = row.text(0);
                              if (about.starts_with(kAccount))
                                choices.emplace(about.substr(kAccount.size()), choice_from(row.text(1), row.text(2)));
                            });
  if (!read) return std::unexpected(read.error());
  return choices;
}

Result<void> NotificationBook::choose(const Viewer& viewer, const NotificationChoice& choice, TimePoint now) {
  std::string quiet;
  if (choice.quiet) {
    const auto [from, until] = *choice.quiet;
    if (from < 0 || from >= kDay || until < 0 || until >= kDay) return fail(Fault::client, "quiet: no time of the day");
    if (from == until) return fail(Fault::client, "quiet: it ends when it begins");
    quiet = std::to_string(from) + '-' + std::to_string(until);
  }
  const std::string word = choice.in_digest ? "digest" : "now", about = std::string(kAccount) + viewer.user;
  return desk_.change([&]() -> Result<void> {
    auto added = add_entry(desk_.database(), about,
                           {.field = std::string(kField),
                            .by = viewer.user,
                            .at = now,
                            .choice = word,
                            .text = quiet,
                            .corrects = {},
                            .person = {}});
    if (!added) return std::unexpected(added.error());
    return desk_.write_journal({.seq = 0,
                                .time = now,
                                .by = viewer.user,
                                .what = "notification",
                                .about = about,
                                .person = {},
                                .detail = "told " + word + (quiet.empty() ? "" : ", quiet minutes " + quiet)});
  });
}

}  // namespace schoolgate::casework
