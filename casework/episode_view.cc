#include "casework/episode_view.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "breaches/episodes.h"
#include "breaches/flat_json.h"
#include "breaches/folding.h"
#include "casework/desk_store.h"
#include "casework/shown_text.h"
#include "casework/visibility.h"
#include "store/chain.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

constexpr std::size_t kMostRecords = 500, kMostSites = 10'000, kMostContext = 400, kMostRows = 500;
constexpr std::array<std::string_view, 3> kStates = {"new", "acknowledged", "incident"};

// Everything that a row shows, in one query: the sums of the log beside what the desk decided.
std::string row_query(std::string_view condition) {
  return "SELECT " + std::string(breaches::kEpisodeColumns) +
         ", who, ack.actor, ack.at, (SELECT i.reference FROM desk.incident_episodes ie JOIN desk.incidents i"
         " ON i.id = ie.incident WHERE ie.episode = episodes.id ORDER BY i.opened DESC LIMIT 1) AS incident"
         " FROM episodes LEFT JOIN (SELECT about, actor, at FROM desk.entries WHERE"
         " field = 'acknowledgement' AND number = 1) ack ON ack.about = episodes.id WHERE " +
         std::string(condition);
}

std::vector<std::string> defanged_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(defang(text.substr(at, end - at)));
    at = end + 1;
  }
  return lines;
}

struct Found {
  EpisodeRow row;
  std::string who_is;  ///< the person, also where the row withholds it
};

Found read_row(const Viewer& viewer, store::Statement& query) {
  const breaches::Episode episode = breaches::read_episode(query);
  Found found;
  EpisodeRow& row = found.row;
  found.who_is = episode.person;
  row.id = episode.id;
  row.reference = episode.reference;
  row.person = episode.person;
  row.device = episode.device;
  row.confidence = episode.confidence;
  row.group = episode.group;
  row.theme = episode.theme;
  row.first = episode.first;
  row.last = episode.last;
  row.attempts = episode.attempts;
  row.by_user = episode.by_user;
  row.by_page = episode.by_page;
  row.let_through = episode.let_through;
  row.sites = episode.sites;
  if (!episode.illegal) row.site_names = defanged_lines(episode.site_names);
  row.urgency = episode.urgency;
  row.category_urgency = episode.category_urgency;
  row.illegal = episode.illegal;
  row.many_hosts = episode.many_hosts;
  query.skip_to(breaches::kEpisodeColumnCount + 1);
  row.acknowledged_by = query.take<std::string>();
  row.acknowledged_at = time_unless_zero(query);
  row.incident = query.take<std::string>();
  row.state = !row.incident.empty() ? EpisodeState::incident
              : row.acknowledged_at ? EpisodeState::acknowledged
                                    : EpisodeState::fresh;
  withhold(viewer, found.who_is, row);
  return found;
}

breaches::UrgencyFacts facts_of(const EpisodeRow& row) {
  return {.category_urgency = row.category_urgency,
          .illegal = row.illegal,
          .attempts = row.attempts,
          .by_page = row.by_page,
          .sites = row.sites,
          .span = row.last - row.first,
          .many_hosts = row.many_hosts};
}

std::string initiated_text(const EpisodeRow& row) {
  std::string out;
  const auto add = [&](std::uint64_t count, std::string_view what) {
    if (count == 0) return;
    if (!out.empty()) out += ", ";
    out += std::to_string(count) + ' ' + std::string(what);
  };
  add(row.by_user, "typed or clicked");
  add(row.by_page, "loaded by a page");
  add(row.attempts - std::min(row.attempts, row.by_user + row.by_page), "not known whether by a person or a page");
  return out;
}

EpisodeRecord read_record(const breaches::FlatJson& json, std::uint64_t seq) {
  EpisodeRecord record;
  record.seq = seq;
  record.id = json.text("id");
  record.time = from_rfc3339(json.text("time")).value_or(TimePoint());
  record.sealed = json.has("site_hash");
  record.action = json.text("action");
  record.category = json.text("category");
  record.site = record.sealed ? std::string("sealed") : defang(json.text("site"));
  record.url = record.sealed ? std::string("sealed") : defang_url(json.text("url"));
  record.search = json.text("search");
  record.method = json.text("method");
  record.stage = json.text("stage");
  record.initiated = json.text("initiated");
  record.device = json.text("device");
  record.confidence = json.text("confidence");
  record.tier = json.text("reason.tier");
  record.list = json.text("reason.list");
  record.rule = defang(json.text("reason.rule"));
  record.entry = defang(json.text("reason.entry"));
  record.source = json.text("reason.source");
  record.policy_version = json.text("policy_version");
  if (json.has("attempts")) {
    record.attempts = std::uint64_t(json.number("attempts"));
    record.addresses = std::uint64_t(json.number("addresses"));
  }
  return record;
}

// "person amelia.hughes" or "device 10.20.2.7", as the tracker keys them.
constexpr std::string_view kPersonMark = "person ";

}  // namespace

std::string_view to_string(EpisodeState state) noexcept { return kStates[std::size_t(state)]; }

std::optional<EpisodeState> episode_state_from(std::string_view text) noexcept {
  const auto found = std::ranges::find(kStates, text);
  if (found == kStates.end()) return std::nullopt;
  return EpisodeState(found - kStates.begin());
}

/// The records of an episode, to tell which lines of the decision log are its attempts.
class EpisodeReader::Members {
 public:
  void add(const breaches::FlatJson& record) {
    references_.emplace(record.text("reference"));
    Member member;
    member.last = from_rfc3339(record.text("time")).value_or(TimePoint());
    member.first = from_rfc3339(record.text("since")).value_or(member.last);
    member.action = record.text("action");
    member.entry = record.text("reason.entry");
    member.is_sum = record.has("attempts");
    const std::string_view site = record.text("site");
    by_site_[std::string(site)].push_back(member);
    if (member.is_sum && breaches::is_at_or_below(site, member.entry)) by_entry_[member.entry].push_back(member);
  }
  /// By the number on its page, which leads to the record or the sum that counts it; else by moment and site. A line
  /// carries the moment of its record, give or take the time until it was answered.
  [[nodiscard]] bool has(const breaches::FlatJson& line, TimePoint time) const {
    const std::string_view reference = line.text("reference"), host = line.text("host"), action = line.text("action");
    if (!reference.empty() && references_.contains(reference)) return true;
    const auto is_one = [&](const Member& member) {
      return member.action == action && time >= member.first - std::chrono::seconds(1) &&
             time <= member.last + std::chrono::seconds(5);
    };
    const auto of_site = by_site_.find(host);
    if (of_site != by_site_.end() && std::ranges::any_of(of_site->second, is_one)) return true;
    // A sum counts every name at or below its entry.
    for (std::string_view name = host; !name.empty();) {
      const auto of_entry = by_entry_.find(name);
      if (of_entry != by_entry_.end() && std::ranges::any_of(of_entry->second, is_one)) return true;
      const std::size_t dot = name.find('.');
      name = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
    }
    return false;
  }

 private:
  struct Member {
    TimePoint first, last;
    std::string action, entry;
    bool is_sum = false;
  };
  std::set<std::string, std::less<>> references_;
  std::map<std::string, std::vector<Member>, std::less<>> by_site_, by_entry_;
};

EpisodeReader::EpisodeReader(store::Database database, Options options)
    : database_(std::move(database)), decisions_(std::move(options.decisions)) {}

Result<EpisodeReader> EpisodeReader::open(Options options) {
  auto database = open_breaches_with_desk(options.folder);
  if (!database) return std::unexpected(database.error());
  return EpisodeReader(*std::move(database), std::move(options));
}

Result<EpisodePage> EpisodeReader::list(const Viewer& viewer, const EpisodeFilter& filter) {
  EpisodePage page;
  if (viewer.role == Role::governor) return page;
  // Own episodes are left out in SQL, so that the total does not tell of them; accounts are lower case in the log.
  std::string condition =
      "episodes.last >= ?1 AND episodes.last < ?2 AND (?3 = '' OR theme = ?3) AND (?4 = '' OR grp = ?4)"
      " AND (?5 = '' OR episodes.person = ?5) AND (?6 = '' OR device = ?6) AND urgency BETWEEN ?7 AND ?8"
      " AND (?9 = 0 OR many_hosts = 1)";
  if (filter.without_theme) condition += " AND theme = ''";
  switch (filter.state.value_or(EpisodeState(255))) {
    case EpisodeState::fresh:
      condition +=
          " AND NOT EXISTS(SELECT 1 FROM desk.entries a WHERE a.about = episodes.id AND a.field = 'acknowledgement')"
          " AND NOT EXISTS(SELECT 1 FROM desk.incident_episodes ie WHERE ie.episode = episodes.id)";
      break;
    case EpisodeState::acknowledged:
      condition +=
          " AND EXISTS(SELECT 1 FROM desk.entries a WHERE a.about = episodes.id AND a.field = 'acknowledgement')"
          " AND NOT EXISTS(SELECT 1 FROM desk.incident_episodes ie WHERE ie.episode = episodes.id)";
      break;
    case EpisodeState::incident:
      condition += " AND EXISTS(SELECT 1 FROM desk.incident_episodes ie WHERE ie.episode = episodes.id)";
      break;
    default: break;
  }
  std::vector<std::string> own = viewer.also;
  own.push_back(viewer.user);
  std::erase(own, std::string());  // nobody's account is empty, but a device's episode has no person
  int parameter = 9;
  for (std::size_t i = 0; i < own.size(); ++i)
    condition += " AND lower(episodes.person) <> lower(?" + std::to_string(++parameter) + ")";
  const bool names = leads_safeguarding(viewer.role);
  const std::string person = names ? filter.person : std::string();
  const auto bind_all = [&](store::Statement& statement) {
    bind_one(statement, 1, filter.since);
    bind_one(statement, 2, filter.until);
    statement.bind(3, filter.theme).bind(4, filter.group).bind(5, person).bind(6, filter.device);
    statement.bind(7, std::int64_t(filter.urgency_from)).bind(8, std::int64_t(filter.urgency_to));
    statement.bind(9, std::int64_t(filter.only_many_hosts));
    for (std::size_t i = 0; i < own.size(); ++i) statement.bind(int(10 + i), own[i]);
  };
  if (!names && !filter.person.empty()) return page;  // whoever sees no names cannot ask for one either

  auto count = database_.prepare("SELECT count(*) FROM episodes WHERE " + condition);
  if (!count) return std::unexpected(count.error());
  bind_all(*count);
  if (count->step() != store::Statement::Step::row) return std::unexpected(database_.error("read"));
  page.total = std::uint64_t(count->integer(0));

  const char* order = filter.order == EpisodeOrder::newest ? " ORDER BY episodes.last DESC, id"
                                                           : " ORDER BY urgency DESC, episodes.last DESC, id";
  auto query =
      database_.prepare(row_query(condition) + order + " LIMIT " + std::to_string(std::min(filter.limit, kMostRows)) +
                        " OFFSET " + std::to_string(filter.offset));
  if (!query) return std::unexpected(query.error());
  bind_all(*query);
  auto rows_read = rows(viewer, *query);
  if (!rows_read) return std::unexpected(rows_read.error());
  page.rows = *std::move(rows_read);
  return page;
}

Result<std::vector<EpisodeRow>> EpisodeReader::rows(const Viewer& viewer, store::Statement& query) {
  std::vector<EpisodeRow> out;
  auto step = query.step();
  for (; step == store::Statement::Step::row; step = query.step()) {
    Found found = read_row(viewer, query);
    if (sight_of_episode(viewer, found.who_is) != Sight::nothing) out.push_back(std::move(found.row));
  }
  if (step == store::Statement::Step::failed) return std::unexpected(database_.error("read"));
  return out;
}

Result<std::optional<EpisodeRow>> EpisodeReader::find_row(const Viewer& viewer, std::string_view id_or_reference) {
  auto query =
      database_.prepare(row_query("(episodes.id = ?1 OR episodes.reference = ?1) ORDER BY episodes.last DESC"
                                  " LIMIT 1"));
  if (!query) return std::unexpected(query.error());
  query->bind(1, id_or_reference);
  auto found = rows(viewer, *query);
  if (!found) return std::unexpected(found.error());
  if (found->empty()) return std::optional<EpisodeRow>();
  return std::move(found->front());
}

Result<std::optional<EpisodeDetail>> EpisodeReader::find(const Viewer& viewer, std::string_view id_or_reference) {
  auto row = find_row(viewer, id_or_reference);
  if (!row) return std::unexpected(row.error());
  if (!*row) return std::optional<EpisodeDetail>();
  EpisodeDetail detail;
  detail.row = **std::move(row);
  const EpisodeRow& of = detail.row;
  detail.urgency = breaches::urgency_of(facts_of(of));
  detail.initiated = initiated_text(of);

  // Only the days that the episode touches are looked through: there is no index over the text of records.
  const auto range = store::records_between(database_, of.first, of.last);
  if (!range) return std::unexpected(range.error());
  const std::string mark = "%\"episode\":\"" + of.id + "\"%";
  std::map<std::string, SiteCount> sites;
  std::vector<std::pair<const SiteCount*, std::uint64_t>> all;  // each record by its site; nodes of `sites` stay
  auto read = select(
      database_,
      "SELECT seq, record FROM records WHERE seq BETWEEN ?1 AND ?2 AND time BETWEEN ?3 AND ?4 AND record LIKE ?5"
      " ORDER BY seq",
      [&](store::Statement& found) {
        const auto json = breaches::FlatJson::parse(found.text(1));
        if (!json || json->text("episode") != of.id) return;
        EpisodeRecord record = read_record(*json, std::uint64_t(found.integer(0)));
        SiteCount& site = sites[record.site];
        if (site.attempts == 0) site.first = record.time;
        site.attempts += record.attempts;
        site.last = record.time;
        all.emplace_back(&site, record.seq);
        if (std::ranges::find(detail.categories, record.category) == detail.categories.end())
          detail.categories.push_back(record.category);
        if (detail.records.size() < kMostRecords) detail.records.push_back(std::move(record));
      },
      range->first, range->last, of.first, of.last, mark);
  if (!read) return std::unexpected(read.error());
  detail.records_total = all.size();
  if (all.size() > kMostRecords) {
    auto rare = records_of_rare_sites(std::move(all));
    if (!rare) return std::unexpected(rare.error());
    detail.records = *std::move(rare);
  }
  for (auto& [name, count] : sites) detail.sites.emplace_back(count).site = name;
  // A flood hides nothing: what was tried once stands before what was tried a hundred thousand times.
  std::ranges::sort(detail.sites, [](const SiteCount& a, const SiteCount& b) {
    return a.attempts != b.attempts ? a.attempts < b.attempts : a.site < b.site;
  });
  if (detail.sites.size() > kMostSites) detail.sites.resize(kMostSites);

  const auto found_whose = whose(of.id);
  if (!found_whose) return std::unexpected(found_whose.error());
  const std::string& person = *found_whose;
  auto length = length_of(of, detail.records, person);
  if (!length) return std::unexpected(length.error());
  detail.length = *std::move(length);
  auto entries = entries_of(database_, of.id, "acknowledgement");
  if (!entries) return std::unexpected(entries.error());
  detail.entries = *std::move(entries);
  withhold(viewer, person, detail);
  return std::optional<EpisodeDetail>(std::move(detail));
}

// As many as are shown, of the sites with the fewest attempts; oldest first.
Result<std::vector<EpisodeRecord>> EpisodeReader::records_of_rare_sites(
    std::vector<std::pair<const SiteCount*, std::uint64_t>> all) {
  std::ranges::sort(all, [](const auto& a, const auto& b) {
    return a.first->attempts != b.first->attempts ? a.first->attempts < b.first->attempts : a.second < b.second;
  });
  all.resize(std::min(all.size(), kMostRecords));
  std::ranges::sort(all, {}, [](const auto& one) { return one.second; });
  auto query = database_.prepare("SELECT record FROM records WHERE seq = ?1");
  if (!query) return std::unexpected(query.error());
  std::vector<EpisodeRecord> records;
  for (const auto& [site, seq] : all) {
    query->reset();
    const auto step = query->bind(1, std::int64_t(seq)).step();
    if (step == store::Statement::Step::failed) return std::unexpected(database_.error("read"));
    if (step != store::Statement::Step::row) continue;  // retention took it meanwhile
    if (const auto json = breaches::FlatJson::parse(query->text(0))) records.push_back(read_record(*json, seq));
  }
  return records;
}

Result<std::string> EpisodeReader::whose(std::string_view id) {
  std::string who;
  auto read = select(
      database_, "SELECT who FROM episodes WHERE id = ?1", [&](store::Statement& found) { who = text_at(found, 0); },
      id);
  if (!read) return std::unexpected(read.error());
  return who.starts_with(kPersonMark) ? who.substr(kPersonMark.size()) : std::string();
}

Result<LengthOfTime> EpisodeReader::length_of(const EpisodeRow& row, const std::vector<EpisodeRecord>& records,
                                              std::string_view person) {
  if (row.let_through == 0) return length_of_attempts(row.attempts, row.first, row.last);
  std::vector<std::string> sites;  // defanged, as the lines' hosts are compared
  for (const EpisodeRecord& record : records)
    if (record.action != "block" && !record.sealed && std::ranges::find(sites, record.site) == sites.end())
      sites.push_back(record.site);
  std::vector<Visit> visits;
  // A page that was let through goes on being read: a quarter of an hour more belongs to it.
  auto looked = decisions_.read(
      row.first - std::chrono::minutes(1), row.last + std::chrono::minutes(15), [&](std::string_view line) {
        const auto json = breaches::FlatJson::parse(line);
        if (!json || json->text("action") == "block" || json->text("action") == "refused") return true;
        const bool same = person.empty() || !json->has("person") ? json->text("device") == row.device
                                                                 : json->text("person") == person;
        if (!same || std::ranges::find(sites, defang(json->text("host"))) == sites.end()) return true;
        const std::string_view stage = json->text("stage");
        visits.push_back({.begin = from_rfc3339(json->text("time")).value_or(row.first),
                          .open = std::chrono::milliseconds(std::int64_t(json->number("ms"))),
                          .tunnel = stage == "connect" || stage == "client_hello"});
        return visits.size() < 100'000;
      });
  if (!looked) return std::unexpected(looked.error());
  LengthOfTime length = length_of_visits(visits);
  if (row.let_through < row.attempts)
    length.text += "; " + std::to_string(row.attempts - row.let_through) + " of " + std::to_string(row.attempts) +
                   " attempts were refused";
  return length;
}

Result<EpisodeReader::Members> EpisodeReader::members_of(const EpisodeRow& row) {
  Members members;
  const auto range = store::records_between(database_, row.first, row.last);
  if (!range) return std::unexpected(range.error());
  auto read = select(
      database_, "SELECT record FROM records WHERE seq BETWEEN ?1 AND ?2 AND time BETWEEN ?3 AND ?4 AND record LIKE ?5",
      [&](store::Statement& found) {
        const auto json = breaches::FlatJson::parse(found.text(0));
        if (json && json->text("episode") == row.id) members.add(*json);
      },
      range->first, range->last, row.first, row.last, "%\"episode\":\"" + row.id + "\"%");
  if (!read) return std::unexpected(read.error());
  return members;
}

namespace {

constexpr std::size_t kMostLinesRead = 20'000;

// On a device that several share, another person's line is no part of this.
bool is_of(const breaches::FlatJson& line, std::string_view person, std::string_view device) {
  return line.has("person") && !person.empty() ? line.text("person") == person : line.text("device") == device;
}

// A flood is one line a second, so that what comes after it is read too.
class LinesBySecond {
 public:
  /// False once no more are read.
  bool add(ContextLine line) {
    const auto [known, is_new] = of_second_.try_emplace(
        {std::chrono::floor<std::chrono::seconds>(line.time), line.host, line.action, line.search}, lines_.size());
    if (is_new) {
      lines_.push_back(std::move(line));
    } else {
      ++lines_[known->second].times;
      lines_[known->second].of_episode |= line.of_episode;
    }
    return lines_.size() < kMostLinesRead;
  }
  [[nodiscard]] std::vector<ContextLine> take() && { return std::move(lines_); }

 private:
  using Second = std::chrono::time_point<std::chrono::system_clock, std::chrono::seconds>;
  std::vector<ContextLine> lines_;
  std::map<std::tuple<Second, std::string, std::string, std::string>, std::size_t> of_second_;
};

// In the order of time, with repetitions as one line.
void add_folded(EpisodeContext& context, std::vector<ContextLine> lines) {
  std::ranges::sort(lines, [](const ContextLine& a, const ContextLine& b) {
    return a.time != b.time ? a.time < b.time : a.host < b.host;
  });
  for (ContextLine& line : lines) {
    if (!context.lines.empty()) {
      ContextLine& before = context.lines.back();
      if (before.host == line.host && before.action == line.action && before.search == line.search) {
        before.times += line.times;
        before.of_episode |= line.of_episode;
        continue;
      }
    }
    if (context.lines.size() >= kMostContext) {
      context.cut_short = true;
      return;
    }
    context.lines.push_back(std::move(line));
  }
}

}  // namespace

Result<EpisodeContext> EpisodeReader::context(const Viewer& viewer, const EpisodeRow& row,
                                              std::chrono::minutes around) {
  EpisodeContext context;
  if (viewer.role == Role::governor) return context;
  std::string who;
  auto whose = select(
      database_, "SELECT who FROM episodes WHERE id = ?1", [&](store::Statement& found) { who = text_at(found, 0); },
      row.id);
  if (!whose) return std::unexpected(whose.error());
  const std::string person = who.starts_with(kPersonMark) ? who.substr(kPersonMark.size()) : std::string();
  if (who.empty() || sight_of_episode(viewer, person) == Sight::nothing) return context;

  // Which lines belong to the episode is told by its own records: another theme's refusals lie between them.
  auto members = members_of(row);
  if (!members) return std::unexpected(members.error());
  const auto bounded = std::clamp(around, std::chrono::minutes(0), std::chrono::minutes(60));
  LinesBySecond lines;
  auto looked = decisions_.read(row.first - bounded, row.last + bounded, [&](std::string_view line) {
    // Most lines are other people's: a look for the words saves parsing them.
    if (line.find(person.empty() ? std::string_view(row.device) : std::string_view(person)) == std::string_view::npos &&
        line.find(row.device) == std::string_view::npos)
      return true;
    const auto json = breaches::FlatJson::parse(line);
    if (!json || !is_of(*json, person, row.device)) return true;
    if (json->text("category") == "support" || json->text("rule") == "support") return true;
    if (json->text("host") == "sealed") {
      ++context.withheld;
      return true;
    }
    ContextLine one;
    one.time = from_rfc3339(json->text("time")).value_or(row.first);
    one.host = defang(json->text("host"));
    one.action = json->text("action");
    one.category = json->text("category");
    if (may_see(viewer, person, Field::searched)) one.search = json->text("search");
    one.of_episode = one.action != "allow" && members->has(*json, one.time);
    return lines.add(std::move(one));
  });
  if (!looked) return std::unexpected(looked.error());
  context.kept = looked->kept;
  context.cut_short = looked->cut_short;
  add_folded(context, std::move(lines).take());
  return context;
}

Result<EpisodeReader::Choices> EpisodeReader::choices(const Viewer& viewer) {
  Choices choices;
  if (viewer.role == Role::governor) return choices;
  auto read = select(database_, "SELECT DISTINCT grp FROM episodes ORDER BY grp",
                     [&](store::Statement& row) { choices.groups.push_back(text_at(row, 0)); });
  if (read)
    read = select(database_, "SELECT DISTINCT theme FROM episodes ORDER BY theme",
                  [&](store::Statement& row) { choices.themes.push_back(text_at(row, 0)); });
  if (!read) return std::unexpected(read.error());
  return choices;
}

}  // namespace schoolgate::casework
