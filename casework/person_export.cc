#include "casework/person_export.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "breaches/breach_store.h"
#include "breaches/decision_search.h"
#include "breaches/flat_json.h"
#include "casework/about_person.h"
#include "casework/shown_text.h"
#include "store/sql.h"

namespace schoolgate::casework {

using store::Statement;
using Text = std::string_view;  // a column of text, copied by the piece that it goes into

// One object of the export, as a JSON line or as lines for people.
class PersonExport::Piece {
 public:
  Piece(Form form, const LocalClock& clock, std::string_view kind) : form_(form), clock_(clock), json_(out_) {
    if (form_ == Form::json)
      json_.begin_object().field("kind", kind);
    else
      out_ += "\n[" + std::string(kind) + "]\n";
  }
  Piece(const Piece&) = delete;  // json_ writes into out_
  Piece& operator=(const Piece&) = delete;

  Piece& text(std::string_view name, std::string_view value) {
    if (form_ == Form::json) {
      json_.field(name, value);
    } else if (!value.empty()) {
      out_ += std::string(name) + ": ";
      for (const char c : value) out_ += c == '\n' ? std::string("\n    ") : std::string(1, c);
      out_ += '\n';
    }
    return *this;
  }
  Piece& time(std::string_view name, TimePoint value) {
    return text(name, form_ == Form::json ? to_rfc3339(value)
                                          : date_text(clock_, value) + ", " + clock_text(clock_, value, true));
  }
  Piece& number(std::string_view name, std::uint64_t value) { return text(name, std::to_string(value)); }
  std::string done() {
    if (form_ == Form::json) {
      json_.end_object();
      out_ += '\n';
    }
    return std::move(out_);
  }

 private:
  std::string out_;
  Form form_;
  const LocalClock& clock_;
  JsonWriter json_;
};

PersonExport::Piece PersonExport::piece(std::string_view kind) const { return Piece(form_, clock_, kind); }

void PersonExport::put(Piece& piece) {
  if (!going_) return;
  ++pieces_;
  going_ = write_(piece.done());
}

Result<void> PersonExport::tell_all(const std::filesystem::path& decisions, TimePoint now) {
  put(piece("export").text("person", person_).time("made", now));
  pieces_ = 0;
  if (auto told = tell_breaches(); !told) return told;
  if (auto told = tell_incidents(); !told) return told;
  if (auto told = tell_page_reports(); !told) return told;
  if (auto told = tell_entries(); !told) return told;
  if (auto told = tell_journal(); !told) return told;
  return tell_decisions(decisions);
}

Result<void> PersonExport::tell_breaches() {
  auto log = store::Database::open(desk_.folder() / breaches::kBreachesFile, store::Database::Access::read);
  if (!log) return {};  // nothing was recorded yet
  auto read = select(
      *log,
      "SELECT reference, grp, theme, device, confidence, first, last, attempts, urgency FROM episodes WHERE who = ?1"
      " ORDER BY first",
      [&](Statement& row) {
        put(piece("episode")
                .text("reference", row.take<Text>())
                .text("group", row.take<Text>())
                .text("theme", row.take<Text>())
                .text("device", row.take<Text>())
                .text("confidence", row.take<Text>())
                .time("first", row.take<TimePoint>())
                .time("last", row.take<TimePoint>())
                .number("attempts", row.take<std::uint64_t>())
                .number("urgency", row.take<std::uint64_t>()));
      },
      "person " + person_);
  if (!read) return read;
  return select(
      *log, "SELECT record FROM records WHERE json_extract(record, '$.person') = ?1 ORDER BY seq",
      [&](Statement& row) {
        const auto json = breaches::FlatJson::parse(row.take<Text>());
        if (!json) return;
        const bool sealed = json->has("site_hash");
        put(piece("attempt")
                .text("time", json->text("time"))
                .text("device", json->text("device"))
                .text("action", json->text("action"))
                .text("category", json->text("category"))
                .text("site", sealed ? std::string("sealed") : defang(json->text("site")))
                .text("address", sealed ? std::string("sealed") : defang_url(json->text("url")))
                .text("search", json->text("search"))
                .text("confidence", json->text("confidence"))
                .number("attempts", json->has("attempts") ? std::uint64_t(json->number("attempts")) : 1));
      },
      person_);
}

// Of an incident the part that concerns this person: notes and actions are free text in which others may be named, so
// their number is told and the lead adds what can be given.
Result<void> PersonExport::tell_incidents() {
  return select(
      desk_.database(),
      "SELECT i.reference, i.opened, i.closed, s.role, s.year_group, i.assessment, (SELECT count(*) FROM incident_notes"
      " n WHERE n.incident = i.id), (SELECT count(*) FROM incident_actions a WHERE a.incident = i.id),"
      " (SELECT count(*) FROM incident_subjects o WHERE o.incident = i.id) FROM incident_subjects s"
      " JOIN incidents i ON i.id = s.incident WHERE s.person = ?1 ORDER BY i.opened",
      [&](Statement& row) {
        static constexpr std::array<std::string_view, 4> kRoles{"child", "bystander", "alleged", "staff"};
        Piece incident = piece("incident");
        incident.text("reference", row.take<Text>()).time("opened", row.take<TimePoint>());
        if (const auto closed = time_unless_zero(row)) incident.time("closed", *closed);
        incident.text("role", kRoles[std::size_t(std::clamp<std::int64_t>(row.take<std::int64_t>(), 0, 3))])
            .text("year_group", row.take<Text>())
            .text("assessment", to_string(row.take<Assessment>()))
            .number("notes_to_be_reviewed", row.take<std::uint64_t>())
            .number("actions_to_be_reviewed", row.take<std::uint64_t>())
            .number("people_concerned", row.take<std::uint64_t>());
        put(incident);
      },
      person_);
}

Result<void> PersonExport::tell_page_reports() {
  return select(
      desk_.database(), "SELECT reference, at, kind, said, name FROM page_reports WHERE person = ?1 ORDER BY at",
      [&](Statement& row) {
        put(piece("page report")
                .text("reference", row.take<Text>())
                .time("time", row.take<TimePoint>())
                .text("about", row.take<std::int64_t>() == 0 ? "wrongly blocked" : "unsuitable")
                .text("said", row.take<Text>())
                .text("name", row.take<Text>()));
      },
      person_);
}

Result<void> PersonExport::tell_entries() {
  const auto episodes = episodes_of(desk_, person_);
  if (!episodes) return std::unexpected(episodes.error());
  return select(
      desk_.database(),
      "SELECT at, actor, field, choice, text FROM entries WHERE " + std::string(kAboutPerson) + " ORDER BY at, number",
      [&](Statement& row) {
        const TimePoint at = row.take<TimePoint>();
        const Text by = row.take<Text>(), what = row.take<Text>();
        // The choice of an acknowledgement is its assessment; of work, the account that has it.
        const bool is_work = what == "taken" || what == "given";
        put(piece("written about")
                .time("time", at)
                .text("by", by)
                .text("what", what)
                .text(is_work ? "owner" : "assessment", row.take<Text>())
                .text("text", row.take<Text>()));
      },
      person_, *episodes);
}

Result<void> PersonExport::tell_journal() {
  return select(
      desk_.database(), "SELECT time, what, actor, detail FROM journal WHERE person = ?1 ORDER BY seq",
      [&](Statement& row) {
        put(piece("looked at or written")
                .time("time", row.take<TimePoint>())
                .text("what", row.take<Text>())
                .text("by", row.take<Text>())
                .text("detail", row.take<Text>()));
      },
      person_);
}

Result<void> PersonExport::tell_decisions(const std::filesystem::path& decisions) {
  const breaches::DecisionFiles files(decisions);
  if (!going_ || !files.kept()) return {};
  const auto all = files.all();
  if (!all) return std::unexpected(all.error());
  std::string wanted = R"("person":")";
  append_json_escaped(wanted, person_);
  wanted += '"';
  const auto tell = [&](std::string_view line) {
    const auto json = breaches::FlatJson::parse(line);
    if (!json || json->text("person") != person_) return true;
    put(piece("decision")
            .text("time", json->text("time"))
            .text("device", json->text("device"))
            .text("host", defang(json->text("host")))
            .text("action", json->text("action"))
            .text("category", json->text("category"))
            .text("search", json->text("search")));
    return going_;
  };
  for (const auto& path : *all) {
    if (!going_) break;
    if (auto done = breaches::read_lines_with(path, wanted, tell); !done) return std::unexpected(done.error());
  }
  return {};
}

}  // namespace schoolgate::casework
