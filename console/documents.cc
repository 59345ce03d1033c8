#include "console/documents.h"

#include "casework/shown_text.h"
#include "console/days.h"
#include "console/episode_words.h"
#include "console/pdf.h"
#include "console/report_words.h"

namespace schoolgate::console {

namespace {

std::string made(const LocalClock& clock, TimePoint now) { return "Made " + casework::moment_text(clock, now); }

void add_numbers(Pdf& pdf, const casework::GovernorReport& report, const LocalClock& clock) {
  for (const FigureTable& table : governor_tables(report, clock)) {
    pdf.heading(table.title);
    if (!table.text.empty()) pdf.paragraph(table.text);
    if (!table.rows.empty()) pdf.table(table.head, table.rows);
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> slip_facts(const casework::PinkSlip& slip) {
  std::vector<std::pair<std::string, std::string>> facts{
      {"Child or person", slip.person},
      {"Site", slip.site},
      {"Date", slip.date},
      {"Time", slip.until.empty() || slip.until == slip.time
                   ? slip.time + " (" + slip.zone + ")"
                   : slip.time + " to " + slip.until + " (" + slip.zone + ")"},
      {"Length of time", slip.length_of_time},
      {"How sure the identity is", slip.confidence},
      {"Group and device", slip.group_title + ", " + slip.device},
      {"Attempts", slip.attempts},
      {"Searched for", slip.searched},
      {"Theme", theme_words(slip.theme) + (slip.category == slip.theme ? "" : " (category " + slip.category + ")")},
      {"Urgency", slip.urgency},
      {"What happened", slip.what_happened},
      {"Decision", slip.decision},
      {"Evidence", slip.evidence},
  };
  std::erase_if(facts, [](const auto& fact) { return fact.first == "Searched for" && fact.second.empty(); });
  if (!slip.incident.empty()) facts.emplace_back("Incident", slip.incident);
  if (!slip.case_reference.empty()) facts.emplace_back("Case system", slip.case_reference);
  facts.emplace_back("School", slip.school + ", gateway " + slip.gateway);
  return facts;
}

Result<std::string> slip_pdf(const casework::PinkSlip& slip, TimePoint now) {
  Pdf pdf({.title = "Pink slip " + slip.reference,
           .footer = slip.school + "    " + slip.reference + "    confidential: for the safeguarding lead",
           .made = now});
  pdf.title("Pink slip " + slip.reference);
  if (slip.illegal) {
    pdf.paragraph("This may be illegal content. Do not open, copy, print or send it. The address is sealed.");
  }
  pdf.facts(slip_facts(slip));
  pdf.heading("What to do next");
  for (const std::string& step : slip.what_to_do) pdf.bullet(step);
  if (!slip.contacts.empty()) {
    std::vector<std::pair<std::string, std::string>> contacts;
    for (const casework::Contact& contact : slip.contacts) contacts.emplace_back(contact.name, contact.reach);
    pdf.heading("Contacts").facts(contacts);
  }
  pdf.signature("Seen by, date");
  return pdf.finish();
}

Result<std::string> incident_pdf(const casework::Incident& incident, const std::vector<IncidentEpisode>& episodes,
                                 const std::string& school, const LocalClock& clock, TimePoint now) {
  Pdf pdf({.title = "Incident " + incident.reference,
           .footer = school + "    incident " + incident.reference + "    confidential",
           .made = now});
  pdf.title("Incident " + incident.reference);
  pdf.facts({{"Title", incident.title},
             {"Opened", casework::moment_text(clock, incident.opened) + " by " + incident.opened_by},
             {"Assessment", theme_words(casework::to_string(incident.assessment))},
             {"Reason", incident.assessment_reason},
             {"Case system", incident.case_reference},
             {"Review by", day_words(incident.review_by)},
             {"Legal hold", incident.hold ? "yes: " + incident.hold_reason : "no"},
             {"Closed",
              incident.closed ? casework::moment_text(clock, *incident.closed) + " by " + incident.closed_by : "no"},
             {"Outcome", incident.outcome},
             {"Lessons", incident.lessons},
             {"Change of policy", incident.policy_change}});
  std::vector<std::vector<std::string>> rows;
  for (const casework::IncidentSubject& subject : incident.subjects) {
    rows.push_back({subject.person, std::string(casework::to_string(subject.role)), subject.year_group,
                    subject.vulnerable ? "yes" : ""});
  }
  pdf.heading("People").table({"Person", "Role", "Year group", "Vulnerable"}, rows, {3, 2, 1, 1});
  rows.clear();
  for (const casework::IncidentAction& action : incident.actions) {
    std::string title(casework::action_title(action.kind));
    if (action.struck_at)
      title += " (struck through by " + action.struck_by + ", " + casework::moment_text(clock, *action.struck_at) +
               ": " + action.struck_why + ")";
    rows.push_back({day_words(action.date), std::move(title), action.who, action.how, action.reference,
                    action.recorded_by + ", " + casework::moment_text(clock, action.recorded_at)});
  }
  pdf.heading("Actions").table({"Date", "What", "Who", "How", "Reference", "Recorded by"}, rows, {2, 2, 2, 2, 1, 2});
  pdf.heading("Notes");
  for (const casework::IncidentNote& note : incident.notes) {
    pdf.note(casework::moment_text(clock, note.at) + ", " + note.by).paragraph(note.text);
  }
  for (const IncidentEpisode& episode : episodes) {
    pdf.heading("Episode " + episode.slip.reference).facts(slip_facts(episode.slip));
    for (const casework::Entry& entry : episode.entries) {
      pdf.note(casework::moment_text(clock, entry.at) + ", " + entry.by +
               (entry.choice == "none" ? "" : ": " + theme_words(entry.choice)) +
               (entry.corrects.empty() ? "" : " (a correction)"));
      if (!entry.text.empty()) pdf.paragraph(entry.text);
    }
  }
  if (!incident.history.empty()) pdf.heading("All that was written in fields");
  for (const casework::Entry& entry : incident.history) {
    if (entry.field == "struck action") continue;  // stands beside its action
    pdf.note(casework::moment_text(clock, entry.at) + ", " + (entry.by.empty() ? "author not recorded" : entry.by) +
             ": " + entry.field + (entry.choice.empty() ? "" : ", " + entry.choice));
    if (!entry.text.empty()) pdf.paragraph(entry.text);
  }
  pdf.note(made(clock, now));
  return pdf.finish();
}

Result<std::string> governors_pdf(const casework::GovernorReport& report, const std::string& school,
                                  const LocalClock& clock, TimePoint now) {
  const std::string range = day_words(report.range.from) + " to " + day_words(report.range.to);
  Pdf pdf({.title = "Filtering and monitoring: report for governors", .footer = school + "    " + range, .made = now});
  pdf.title("Filtering and monitoring: report for governors");
  pdf.paragraph(school + ", " + range);
  add_numbers(pdf, report, clock);
  pdf.note(
      "“Not shown” and “fewer than 3” stand where a number would be about one or two people, or would let such a "
      "number be worked out. " +
      made(clock, now) + ".");
  return pdf.finish();
}

Result<std::string> inspection_pdf(const casework::InspectionPack& pack, const LocalClock& clock, TimePoint now) {
  const std::string range = day_words(pack.numbers.range.from) + " to " + day_words(pack.numbers.range.to);
  Pdf pdf({.title = "Inspection pack: filtering and monitoring",
           .footer = pack.facts.school + "    " + range,
           .made = now});
  pdf.title("Inspection pack: filtering and monitoring");
  pdf.facts({{"School", pack.facts.school},
             {"Gateway", pack.facts.gateway},
             {"Policy version", pack.facts.policy_version},
             {"Period", range},
             {"Made", casework::moment_text(clock, now)}});
  const auto pairs = [&](std::string_view title, const std::vector<std::pair<std::string, std::string>>& rows) {
    if (!rows.empty()) pdf.heading(title).facts(rows);
  };
  const auto lines = [&](std::string_view title, const std::vector<std::string>& texts) {
    pdf.heading(title);
    if (texts.empty()) pdf.paragraph("None in this period.");
    for (const std::string& text : texts) pdf.bullet(text);
  };
  pairs("The policy of each group", pack.facts.policy);
  pairs("Approvals", pack.facts.approvals);
  pairs("Lists", pack.facts.lists);
  lines("Checks that the filter works", pack.checks);
  add_numbers(pdf, pack.numbers, clock);
  lines("What this installation cannot see", pack.facts.cannot_see);
  lines("Changes of the configuration", pack.changes);
  lines("Emergency blocks, supervised sessions, exams", pack.measures);
  lines("Deletions", pack.deletions);
  return pdf.finish();
}

Result<std::string> text_pdf(const std::string& title, const std::string& text, TimePoint now) {
  Pdf pdf({.title = title, .footer = title, .made = now});
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    pdf.paragraph(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
  }
  return pdf.finish();
}

}  // namespace schoolgate::console
