#include "casework/alerts/alert_text.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/json.h"
#include "breaches/urgency.h"
#include "casework/shown_text.h"

namespace schoolgate::casework {
namespace {

// One line, whatever it was: names of groups and themes come from files that people wrote.
std::string one_line(std::string_view text) {
  std::string out(text.substr(0, 200));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return out;
}

// "2026-11-23 09:30" in the site's time, or "2026-11-23 09:30 UTC".
std::string shown_time(const AlertPlace& place, TimePoint time) { return moment_text(place.local_time, time); }

std::string count_of(std::uint64_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + ' ' + std::string(count == 1 ? one : many);
}

std::string theme_of(const breaches::Episode& episode) {
  return episode.theme.empty() ? "unlisted sites" : one_line(episode.theme);
}

void append_steps(std::string& text, const breaches::Episode& episode) {
  text += "\nWhat to do next\n";
  int number = 1;
  for (const std::string_view step : next_steps(episode.theme, episode.illegal))
    text += std::to_string(number++) + ". " + std::string(step) + '\n';
  if (episode.urgency >= 4)
    text +=
        "\nNobody has acted within ten minutes in school hours? Ring the deputy safeguarding lead, then the "
        "headteacher.\n";
}

void write_place(JsonWriter& json, const AlertPlace& place, std::string_view id, std::string_view kind,
                 std::string_view subject) {
  json.field("id", id).field("kind", kind).field("school", place.school).field("gateway", place.gateway);
  json.field("subject", subject);
}

void write_sums(JsonWriter& json, const breaches::Episode& episode) {
  json.field("reference", episode.reference).field("episode", episode.id).field("urgency", episode.urgency);
  json.field("theme", theme_of(episode)).field("group", episode.group).field("attempts", episode.attempts);
  json.field("sites", episode.sites).field("first", to_rfc3339(episode.first)).field("last", to_rfc3339(episode.last));
  json.field("illegal", episode.illegal);
}

std::string episode_link(const AlertPlace& place, const breaches::Episode& episode) {
  return place.console.empty() ? std::string() : place.console + "/episodes/" + episode.reference;
}

constexpr std::string_view kFooter =
    "\nNo pupil, no device and no site is named here, on purpose: they are in\n"
    "the gateway's breach log, under the reference.\n";

}  // namespace

AlertText episode_alert(const AlertPlace& place, const breaches::Episode& episode, std::string_view alert_id,
                        EpisodeNews news) {
  AlertText alert;
  const std::string link = episode_link(place, episode);
  const bool is_update = news == EpisodeNews::more_urgent, climbs = news == EpisodeNews::unacknowledged;
  const std::string theme = theme_of(episode), group = one_line(episode.group);
  alert.subject = "Schoolgate: " +
                  std::string(climbs      ? "not acknowledged, "
                              : is_update ? "now "
                                          : "") +
                  std::string(breaches::urgency_word(episode.urgency)) + " (" + std::to_string(episode.urgency) +
                  "), " + theme + ", group " + group + ", ref " + episode.reference;
  std::string& text = alert.text;
  text = one_line(place.school) + (climbs      ? ": this episode is not acknowledged yet, so it comes to you\n\n"
                                   : is_update ? ": an episode became more urgent\n\n"
                                               : ": an attempt needs your attention\n\n");
  text += "Reference:  " + episode.reference + '\n';
  text += "Urgency:    " + std::to_string(episode.urgency) + " of 5, " +
          std::string(breaches::urgency_word(episode.urgency)) + '\n';
  text += "Theme:      " + theme + '\n';
  text += "Group:      " + group + '\n';
  text += "Attempts:   " + std::to_string(episode.attempts) + " so far, on " +
          count_of(episode.sites, "site", "sites") + '\n';
  text += "First:      " + shown_time(place, episode.first) + '\n';
  text += "Last:       " + shown_time(place, episode.last) + '\n';
  if (!link.empty()) text += "\nOpen the record, and acknowledge it, here (after signing in):\n" + link + '\n';
  append_steps(text, episode);
  text += kFooter;
  text +=
      "\nEpisode " + episode.id + "\nAlert   " + std::string(alert_id) + "\nGateway " + one_line(place.gateway) + '\n';

  JsonWriter json(alert.json);
  json.begin_object();
  write_place(json, place, alert_id, climbs ? "escalation" : is_update ? "update" : "episode", alert.subject);
  write_sums(json, episode);
  if (!link.empty()) json.field("link", link);
  json.key("next").begin_array();
  for (const std::string_view step : next_steps(episode.theme, episode.illegal)) json.value(step);
  json.end_array().end_object();
  return alert;
}

AlertText burst_alert(const AlertPlace& place, const breaches::Episode& episode, std::string_view alert_id) {
  AlertText alert;
  const std::string link = episode_link(place, episode);
  alert.subject = "Schoolgate: suspected malware, many sites within a minute from one device, ref " + episode.reference;
  alert.text = one_line(place.school) + ": look at a device\n\n";
  alert.text += "Reference:  " + episode.reference + "\nGroup:      " + one_line(episode.group) +
                "\nFirst:      " + shown_time(place, episode.first) +
                "\nAttempts:   " + std::to_string(episode.attempts) +
                " so far\n\nOne device asked for many different sites of the same kind within a minute. That is "
                "usually a program "
                "rather\nthan a person. Look at the device today; take it off the network when you "
                "find it\ninfected. Do not open the sites.\n";
  if (!link.empty()) alert.text += "\nThe device, after signing in:\n" + link + '\n';
  alert.text += "\nEpisode " + episode.id + "\nAlert   " + std::string(alert_id) + '\n';
  JsonWriter json(alert.json);
  json.begin_object();
  write_place(json, place, alert_id, "burst", alert.subject);
  write_sums(json, episode);
  if (!link.empty()) json.field("link", link);
  json.end_object();
  return alert;
}

AlertText canary_alert(const AlertPlace& place, std::string_view token, std::string_view alert_id, TimePoint now) {
  AlertText alert;
  const std::string link = place.console + "/canary/" + std::string(token);
  alert.subject = "Schoolgate: weekly test, please confirm";
  alert.text =
      one_line(place.school) +
      ": this is the weekly test of the alerts\n\nNothing has happened. Please confirm within 24 hours that this "
      "mail has reached you:\n" +
      link + "\n\nWithout a confirmation the administrator is told that alerts may not arrive.\n\nSent " +
      shown_time(place, now) + ", alert " + std::string(alert_id) + '\n';
  JsonWriter json(alert.json);
  json.begin_object();
  write_place(json, place, alert_id, "canary", alert.subject);
  json.field("time", to_rfc3339(now)).field("link", link).end_object();
  return alert;
}

AlertText digest_alert(const AlertPlace& place, std::span<const breaches::Episode> episodes, std::string_view alert_id,
                       TimePoint now, std::uint64_t head_seq, std::string_view head_hash) {
  struct Sum {
    std::uint64_t episodes = 0, attempts = 0;
    TimePoint first = TimePoint::max(), last = TimePoint::min();
    std::string reference;
  };
  std::map<std::tuple<int, std::string, std::string>, Sum> sums;  // most urgent first
  std::uint64_t attempts = 0;
  for (const breaches::Episode& episode : episodes) {
    Sum& sum = sums[{-episode.urgency, theme_of(episode), one_line(episode.group)}];
    ++sum.episodes;
    sum.attempts += episode.attempts;
    sum.first = std::min(sum.first, episode.first);
    sum.last = std::max(sum.last, episode.last);
    sum.reference = episode.reference;
    attempts += episode.attempts;
  }

  AlertText alert;
  alert.subject = "Schoolgate: daily digest, " + count_of(episodes.size(), "episode", "episodes") + ", " +
                  count_of(attempts, "attempt", "attempts");
  alert.text = one_line(place.school) + ": attempts since the last digest, up to " + shown_time(place, now) + "\n";
  JsonWriter json(alert.json);
  json.begin_object();
  write_place(json, place, alert_id, "digest", alert.subject);
  json.field("time", to_rfc3339(now)).key("themes").begin_array();
  for (const auto& [key, sum] : sums) {
    const auto& [urgency, theme, group] = key;
    alert.text += "\nUrgency " + std::to_string(-urgency) + ", " + theme + ", group " + group + '\n' + "  " +
                  count_of(sum.episodes, "episode", "episodes") + ", " + count_of(sum.attempts, "attempt", "attempts") +
                  '\n' + "  " + shown_time(place, sum.first) + " to " + shown_time(place, sum.last) + '\n' + "  " +
                  (sum.episodes == 1 ? "reference " : "latest reference ") + sum.reference + '\n';
    json.begin_object().field("urgency", -urgency).field("theme", theme).field("group", group);
    json.field("episodes", sum.episodes).field("attempts", sum.attempts).field("first", to_rfc3339(sum.first));
    json.field("last", to_rfc3339(sum.last)).end_object();
  }
  if (!place.console.empty()) alert.text += "\nAll of them, after signing in:\n" + place.console + "/episodes\n";
  alert.text += kFooter;
  alert.text += "Keep this line, it proves the log later: record " + std::to_string(head_seq) + ", hash\n" +
                std::string(head_hash) + '\n';
  json.end_array().field("log_records", head_seq).field("log_hash", head_hash).end_object();
  return alert;
}

AlertText system_alert(const AlertPlace& place, std::string_view kind, std::string_view text, std::string_view alert_id,
                       TimePoint now) {
  AlertText alert;
  alert.subject = "Schoolgate: " + one_line(kind) + " on " + one_line(place.gateway);
  alert.text = one_line(place.school) + ", gateway " + one_line(place.gateway) + ", " + shown_time(place, now) +
               "\n\n" + one_line(text) + "\n\nThe same trouble is told at most once an hour. Alert " +
               std::string(alert_id) + '\n';
  JsonWriter json(alert.json);
  json.begin_object();
  write_place(json, place, alert_id, "system", alert.subject);
  json.field("trouble", kind).field("text", text).field("time", to_rfc3339(now)).end_object();
  return alert;
}

}  // namespace schoolgate::casework
