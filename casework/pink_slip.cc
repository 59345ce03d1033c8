#include "casework/pink_slip.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/json.h"
#include "breaches/csv.h"
#include "casework/shown_text.h"

namespace schoolgate::casework {
namespace {

constexpr std::size_t kMostSitesShown = 5;

std::string confidence_words(std::string_view confidence) {
  if (confidence == "login") return "signed in with their own account (sure, as long as the password is theirs alone)";
  if (confidence == "class") return "class account: one of a class, which one is not known";
  if (confidence == "device") return "by the device only; the person using it is not known";
  if (confidence == "network") return "by the network only: some device of that group";
  return "the person is not known";
}

std::string sites_of(const EpisodeDetail& episode) {
  std::string out;
  std::size_t shown = 0;
  for (const SiteCount& site : episode.sites) {
    if (shown++ == kMostSitesShown) {
      out += " and " + std::to_string(episode.sites.size() - kMostSitesShown) + " more";
      break;
    }
    if (!out.empty()) out += ", ";
    out += site.site;
  }
  return out.empty() ? "not known" : out;
}

std::string what_happened(const EpisodeRow& row) {
  if (row.let_through == 0)
    return row.attempts == 1 ? "The filter blocked the attempt." : "The filter blocked every attempt.";
  if (row.let_through == row.attempts)
    return "The filter warned or watched, and did not block: the policy allows this category for the group.";
  return "The filter blocked " + std::to_string(row.attempts - row.let_through) + " of " +
         std::to_string(row.attempts) + " attempts; for the others it warned or watched.";
}

std::string decision_of(const EpisodeDetail& episode) {
  if (episode.records.empty()) return {};
  const EpisodeRecord& record = episode.records.front();
  std::string out;
  if (!record.rule.empty())
    out = "by the school's rule: " + record.rule;
  else if (!record.list.empty())
    out = "by the list " + record.list + ", category " + record.category;
  else
    out = "by " + record.tier;
  return out + " (policy " + record.policy_version + ")";
}

// "record 7 of the breach log", "records 5 to 7 of the breach log".
std::string records_of(const EpisodeDetail& episode) {
  const std::string first = std::to_string(episode.records.front().seq),
                    last = std::to_string(episode.records.back().seq);
  if (first == last) return "record " + first + " of the breach log";
  return std::to_string(episode.records_total) + " records of the breach log, number " + first + " to " + last;
}

std::string searched_in(const EpisodeDetail& episode) {
  constexpr std::size_t kMostShown = 20;
  std::vector<std::string> searches;
  for (const EpisodeRecord& record : episode.records)
    if (!record.search.empty() && std::ranges::find(searches, record.search) == searches.end())
      searches.push_back(record.search);
  std::string out;
  for (std::size_t i = 0; i < std::min(searches.size(), kMostShown); ++i)
    out += (i == 0 ? "\u201C" : ", \u201C") + searches[i] + "\u201D";
  if (searches.size() > kMostShown) out += " and " + std::to_string(searches.size() - kMostShown) + " more";
  return out;
}

struct SlipField {
  std::string_view name, title;
  std::string PinkSlip::* value;
};
// In the order of the paper slip: who, where, when, how long; then what the filter adds.
constexpr SlipField kSlipFields[] = {{"reference", "Reference", &PinkSlip::reference},
                                     {"person", "Child or person", &PinkSlip::person},
                                     {"account", "Account", &PinkSlip::account},
                                     {"confidence", "How sure", &PinkSlip::confidence},
                                     {"group", "Group", &PinkSlip::group},
                                     {"device", "Device", &PinkSlip::device},
                                     {"site", "Site", &PinkSlip::site},
                                     {"date", "Date", &PinkSlip::date},
                                     {"time", "Time", &PinkSlip::time},
                                     {"until", "Until", &PinkSlip::until},
                                     {"zone", "Clock", &PinkSlip::zone},
                                     {"length_of_time", "Length of time", &PinkSlip::length_of_time},
                                     {"attempts", "Attempts", &PinkSlip::attempts},
                                     {"searched", "Searched for", &PinkSlip::searched},
                                     {"theme", "Theme", &PinkSlip::theme},
                                     {"category", "Category", &PinkSlip::category},
                                     {"urgency", "Urgency", &PinkSlip::urgency},
                                     {"what_happened", "What happened", &PinkSlip::what_happened},
                                     {"decision", "Decision", &PinkSlip::decision},
                                     {"incident", "Incident", &PinkSlip::incident},
                                     {"case_reference", "Case system", &PinkSlip::case_reference},
                                     {"first", "First (UTC)", &PinkSlip::first},
                                     {"last", "Last (UTC)", &PinkSlip::last},
                                     {"evidence", "Evidence", &PinkSlip::evidence},
                                     {"school", "School", &PinkSlip::school},
                                     {"gateway", "Gateway", &PinkSlip::gateway},
                                     {"episode", "Episode", &PinkSlip::episode}};

}  // namespace

PinkSlip pink_slip(const SlipPlace& place, const EpisodeDetail& episode, const Checklist& checklist,
                   const Incident* incident) {
  const EpisodeRow& row = episode.row;
  PinkSlip slip;
  slip.school = place.school;
  slip.gateway = place.gateway;
  slip.reference = row.reference;
  slip.episode = row.id;
  slip.account = row.person;
  if (row.person_withheld)
    slip.person = "withheld";
  else if (row.person.empty())
    slip.person = "not known (device " + row.device + ")";
  else
    slip.person = place.person_name.empty() ? row.person : place.person_name + " (" + row.person + ")";
  slip.confidence = confidence_words(row.person_withheld || !row.person.empty() ? row.confidence
                                     : row.confidence == "login"                ? "unknown"
                                                                                : std::string_view(row.confidence));
  slip.group = row.group;
  slip.group_title = place.group_title.empty() ? row.group : place.group_title;
  slip.device = row.device;
  slip.site = row.illegal ? "sealed" : sites_of(episode);
  const bool known_zone = place.local_time && place.local_time(row.first);
  slip.date = date_text(place.local_time, row.first);
  slip.time = clock_text(place.local_time, row.first, true);
  slip.until = clock_text(place.local_time, row.last, true);
  if (const std::string last_day = date_text(place.local_time, row.last); last_day != slip.date)
    slip.until = last_day + ", " + slip.until;
  slip.zone = known_zone ? "the school's time" : "UTC";
  slip.length_of_time = episode.length.text;
  slip.attempts = std::to_string(row.attempts) + (row.attempts == 1 ? " attempt: " : " attempts: ") + episode.initiated;
  slip.searched = searched_in(episode);
  slip.theme = row.theme;
  slip.category = joined(episode.categories);
  slip.urgency = std::to_string(row.urgency) + " of 5, " + std::string(breaches::urgency_word(row.urgency));
  // The first reason is the category's own urgency: it says something new only where another one has moved it.
  for (std::size_t i = 0; episode.urgency.reasons.size() > 1 && i < episode.urgency.reasons.size(); ++i)
    slip.urgency += (i == 0 ? ": " : "; ") + episode.urgency.reasons[i];
  slip.what_happened = what_happened(row);
  slip.decision = decision_of(episode);
  slip.what_to_do = checklist.steps;
  slip.contacts = checklist.contacts;
  if (incident) {
    slip.incident = incident->reference;
    slip.case_reference = incident->case_reference;
  }
  slip.first = to_rfc3339(row.first);
  slip.last = to_rfc3339(row.last);
  if (!episode.records.empty())
    slip.evidence = records_of(episode) +
                    " (the technician can check with `schoolgate breaches verify` that the log is "
                    "unchanged)";
  slip.illegal = row.illegal;
  return slip;
}

std::string to_text(const PinkSlip& slip) {
  std::string out = "Safeguarding record of the web filter\n\n";
  for (const SlipField& field : kSlipFields) {
    const std::string& value = field.name == "group" ? slip.group_title : slip.*field.value;
    if (value.empty()) continue;
    std::string line(field.title);
    line += ':';
    line.resize(std::max<std::size_t>(line.size() + 1, 18), ' ');
    for (const char c : value) line += c == '\n' ? ' ' : c;
    out += line + '\n';
  }
  if (!slip.what_to_do.empty()) out += "\nWhat to do\n";
  for (std::size_t i = 0; i < slip.what_to_do.size(); ++i)
    out += std::to_string(i + 1) + ". " + slip.what_to_do[i] + '\n';
  if (!slip.contacts.empty()) out += "\nContacts\n";
  for (const Contact& contact : slip.contacts) out += "- " + contact.name + ": " + contact.reach + '\n';
  return out;
}

std::string to_json(const PinkSlip& slip) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("schema", "schoolgate.record.1");
  for (const SlipField& field : kSlipFields) json.field(field.name, slip.*field.value);
  json.field("illegal", slip.illegal).key("what_to_do").begin_array();
  for (const std::string& step : slip.what_to_do) json.value(step);
  json.end_array().key("contacts").begin_array();
  for (const Contact& contact : slip.contacts)
    json.begin_object().field("name", contact.name).field("reach", contact.reach).end_object();
  json.end_array().end_object();
  return out;
}

std::string to_csv(std::span<const PinkSlip> slips) {
  std::string out;
  for (const SlipField& field : kSlipFields) {
    if (!out.empty()) out += ',';
    out += field.name;
  }
  out += "\r\n";
  for (const PinkSlip& slip : slips) {
    bool first = true;
    for (const SlipField& field : kSlipFields) {
      if (!first) out += ',';
      first = false;
      breaches::append_csv_cell(out, slip.*field.value);
    }
    out += "\r\n";
  }
  return out;
}

}  // namespace schoolgate::casework
