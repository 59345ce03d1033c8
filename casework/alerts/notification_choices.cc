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

}  // namespace

std::vector<Told> told_by_choice(const AlertSettings& settings, const std::vector<std::string>& wanted,
                                 const breaches::Episode& episode, const NotificationChoices& choices, const Duty& duty,
                                 const LocalClock& clock, TimePoint now) {
  const LocalTime local = local_or_utc(clock, now);
  std::vector<std::string> present;
  bool is_missing = false;
  for (const std::string& destination : wanted) {
    const Recipient* const recipient = recipient_of(settings, destination);
    if (!recipient || recipient->user.empty() || !duty.is_away(recipient->user, local.day)) {
      present.push_back(destination);
      continue;
    }
    const Recipient* const other = recipient_who_is(settings, duty.who_has(recipient->user, local.day));
    if (other)
      present.push_back(other->id);
    else
      is_missing = true;
  }
  // Everybody is away and nobody stands in: then the absence does not hold.
  if (present.empty() && is_missing) present = wanted;

  std::vector<Told> told;
  bool is_told_now = false;
  const std::set<std::string> destinations = destinations_for(settings, present, episode);
  for (const std::string& destination : destinations) {
    const NotificationChoice* const choice = choice_of(choices, recipient_of(settings, destination));
    if (waits_for_digest(settings, choice, episode.urgency)) continue;
    const int wait =
        choice && choice->quiet && episode.urgency < kThroughQuiet ? quiet_minutes(*choice->quiet, local.minute) : 0;
    is_told_now = is_told_now || wait == 0;
    told.push_back({.destination = destination, .due = now + std::chrono::minutes(wait)});
  }
  // What is urgent reaches somebody at once: if it is quiet for all of them, it is quiet for none.
  if (episode.urgency >= kAlwaysAtOnce && !is_told_now)
    for (Told& one : told) one.due = now;
  return told;
}

std::set<std::string> digest_by_choice(const AlertSettings& settings, const breaches::Episode& episode,
                                       const NotificationChoices& choices) {
  std::set<std::string> destinations;
  for (const AlertRoute& route : settings.routes) {
    if (route.daily || episode.urgency < route.urgency) continue;
    for (const std::string& destination : destinations_for(settings, route.to, episode))
      if (waits_for_digest(settings, choice_of(choices, recipient_of(settings, destination)), episode.urgency))
        destinations.insert(destination);
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
