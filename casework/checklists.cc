#include "casework/checklists.h"

#include <algorithm>
#include <array>

#include "casework/alerts/alert_text.h"
#include "casework/shown_text.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

constexpr std::size_t kMostSteps = 20, kMostContacts = 20;

struct KnownContact {
  std::string_view name, reach;
};
constexpr KnownContact kEmergency{"Emergency services: immediate danger", "999"};
constexpr KnownContact kPolice{"Police, not an emergency", "101"};
constexpr KnownContact kIwf{"Internet Watch Foundation", "report.iwf.org.uk"};
constexpr KnownContact kCeop{"CEOP Safety Centre", "ceop.police.uk/safety-centre"};
constexpr KnownContact kNspcc{"NSPCC helpline for adults", "0808 800 5000"};
constexpr KnownContact kChildline{"Childline, for the child", "0800 1111"};
constexpr KnownContact kSamaritans{"Samaritans", "116 123"};
constexpr KnownContact kTerrorHotline{"Anti-terrorist hotline", "0800 789 321"};
constexpr KnownContact kActEarly{"Prevent advice line", "0800 011 3764"};
constexpr KnownContact kLado{"LADO: allegations about adults who work with children", "your local authority"};
constexpr KnownContact kSocialCare{"Children's social care", "your local authority"};
constexpr KnownContact kUksic{"Professionals Online Safety Helpline (UKSIC)", "0344 381 4772"};
constexpr KnownContact kBeat{"Beat, eating disorders", "beateatingdisorders.org.uk"};
constexpr KnownContact kFrank{"Talk to Frank, drugs", "0300 123 6600"};
constexpr KnownContact kGamCare{"GamCare, gambling", "0808 8020 133"};
constexpr KnownContact kReportHarmful{"Report Harmful Content (UKSIC)", "reportharmfulcontent.com"};

constexpr std::array kThemes = {std::string_view("child-abuse"),
                                std::string_view("terrorism"),
                                std::string_view("suicide"),
                                std::string_view("self-harm"),
                                std::string_view("eating-disorders"),
                                std::string_view("extremism"),
                                std::string_view("discrimination"),
                                std::string_view("pornography"),
                                std::string_view("contact"),
                                std::string_view("violence"),
                                std::string_view("drugs"),
                                std::string_view("gambling"),
                                std::string_view("bypass"),
                                std::string_view("security"),
                                std::string_view("other")};

// The name under which a theme's checklist is kept: illegal ones apart from what is merely like them.
std::string_view key_of(std::string_view theme, bool illegal) {
  if (illegal) return theme == "extremism" || theme == "terrorism" ? "terrorism" : "child-abuse";
  return std::ranges::find(kThemes, theme) == kThemes.end() ? std::string_view("other") : theme;
}

std::vector<KnownContact> contacts_of(std::string_view key) {
  if (key == "child-abuse") return {kEmergency, kPolice, kIwf, kCeop, kNspcc, kSocialCare, kLado};
  if (key == "terrorism") return {kEmergency, kTerrorHotline, kActEarly, kPolice, kSocialCare, kLado};
  if (key == "extremism") return {kActEarly, kTerrorHotline, kSocialCare, kLado};
  if (key == "suicide" || key == "self-harm") return {kEmergency, kChildline, kSamaritans, kSocialCare};
  if (key == "eating-disorders") return {kBeat, kChildline};
  if (key == "discrimination") return {kActEarly, kPolice, kReportHarmful};
  if (key == "pornography") return {kNspcc, kChildline, kUksic, kSocialCare};
  if (key == "contact") return {kEmergency, kCeop, kNspcc, kUksic, kSocialCare};
  if (key == "violence") return {kEmergency, kPolice, kChildline};
  if (key == "drugs") return {kFrank, kPolice, kSocialCare};
  if (key == "gambling") return {kGamCare};
  if (key == "bypass" || key == "security") return {kUksic};
  return {kUksic, kNspcc, kChildline};
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

std::vector<std::string> checklist_themes() { return {kThemes.begin(), kThemes.end()}; }

Checklist built_in_checklist(std::string_view theme, bool illegal) {
  const std::string_view key = key_of(theme, illegal || theme == "child-abuse" || theme == "terrorism");
  const bool is_illegal = key == "child-abuse" || key == "terrorism";
  Checklist list;
  list.theme = key;
  for (const std::string_view step : next_steps(key, is_illegal)) list.steps.emplace_back(step);
  for (const KnownContact& contact : contacts_of(key))
    list.contacts.push_back({std::string(contact.name), std::string(contact.reach)});
  return list;
}

Result<Checklist> Checklists::find(std::string_view theme, bool illegal) {
  Checklist list = built_in_checklist(theme, illegal);
  auto read = select(
      desk_.database(), "SELECT steps, contacts, edited_by, edited_at FROM checklists WHERE theme = ?1",
      [&](store::Statement& row) {
        list.steps = lines_of(row.take<std::string_view>());
        list.contacts.clear();
        for (const std::string& line : lines_of(row.take<std::string_view>())) {
          const std::size_t tab = std::min(line.find('\t'), line.size());
          list.contacts.push_back({line.substr(0, tab), tab < line.size() ? line.substr(tab + 1) : ""});
        }
        list.edited_by = row.take<std::string>();
        list.edited_at = row.take<TimePoint>();
      },
      list.theme);
  if (!read) return std::unexpected(read.error());
  return list;
}

Result<void> Checklists::edit(const Viewer& viewer, const Checklist& checklist, TimePoint now) {
  if (!leads_safeguarding(viewer.role)) return fail(Fault::client, "only safeguarding leads edit checklists");
  if (std::ranges::find(kThemes, checklist.theme) == kThemes.end()) return fail(Fault::client, "no such checklist");
  if (checklist.steps.empty()) return fail(Fault::client, "a checklist needs a step");
  if (checklist.steps.size() > kMostSteps) return fail(Fault::client, "more than 20 steps");
  if (checklist.contacts.size() > kMostContacts) return fail(Fault::client, "more than 20 contacts");
  std::string steps, contacts;
  for (const std::string& step : checklist.steps) {
    auto kept = typed_text("step", step, 500);
    if (!kept) return std::unexpected(kept.error());
    if (!kept->empty()) steps += *kept + '\n';
  }
  for (const Contact& contact : checklist.contacts) {
    auto name = typed_text("contact", contact.name, 200);
    if (!name) return std::unexpected(name.error());
    auto reach = typed_text("how to reach them", contact.reach, 200);
    if (!reach) return std::unexpected(reach.error());
    if (!name->empty()) contacts += *name + '\t' + *reach + '\n';
  }
  if (steps.empty()) return fail(Fault::client, "a checklist needs a step");
  return desk_.change([&]() -> Result<void> {
    if (auto current = desk_.must_be_current(checklist.theme, seen_); !current) return current;
    auto put = execute(desk_.database(),
                       "INSERT OR REPLACE INTO checklists(theme, steps, contacts, edited_by, edited_at)"
                       " VALUES(?1, ?2, ?3, ?4, ?5)",
                       checklist.theme, steps, contacts, viewer.user, now);
    if (!put) return std::unexpected(put.error());
    auto added = add_entry(
        desk_.database(), "checklist " + checklist.theme,
        {.field = "checklist", .by = viewer.user, .at = now, .choice = "edited", .text = steps + '\n' + contacts});
    if (!added) return std::unexpected(added.error());
    return desk_.write_journal({.seq = 0,
                                .time = now,
                                .by = viewer.user,
                                .what = "checklist",
                                .about = checklist.theme,
                                .person = {},
                                .detail = "edited"});
  });
}

Result<void> Checklists::reset(const Viewer& viewer, std::string_view theme, TimePoint now) {
  if (!leads_safeguarding(viewer.role)) return fail(Fault::client, "only those who lead safeguarding edit checklists");
  return desk_.change([&]() -> Result<void> {
    if (auto current = desk_.must_be_current(theme, seen_); !current) return current;
    auto removed = execute(desk_.database(), "DELETE FROM checklists WHERE theme = ?1", theme);
    if (!removed) return std::unexpected(removed.error());
    if (*removed == 0) return fail(Fault::client, "the checklist is as it was built in: nothing was changed");
    auto added = add_entry(desk_.database(), "checklist " + std::string(theme),
                           {.field = "checklist", .by = viewer.user, .at = now, .choice = "built-in", .text = {}});
    if (!added) return std::unexpected(added.error());
    return desk_.write_journal({.seq = 0,
                                .time = now,
                                .by = viewer.user,
                                .what = "checklist",
                                .about = std::string(theme),
                                .person = {},
                                .detail = "back to the built-in one"});
  });
}

}  // namespace schoolgate::casework
