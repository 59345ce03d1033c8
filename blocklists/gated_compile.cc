#include "blocklists/gated_compile.h"

#include <algorithm>
#include <map>

namespace schoolgate::blocklists {
namespace {

std::string examples(std::span<const OverBlock> sites) {
  std::string out;
  for (std::size_t i = 0; i < sites.size() && i < 5; ++i) out += (i ? ", " : "") + sites[i].site;
  if (sites.size() > 5) out += ", …";
  return out;
}

std::string overruled_in_words(const ListReport& list) {
  const std::uint64_t count = list.overruled_exceptions;
  std::string out = std::to_string(count) + " of its own exceptions " + (count == 1 ? "is" : "are") + " not honoured";
  if (list.wide_exceptions.empty()) return out + ": a list of illegal content opens nothing";
  out += ": all sites would be open under ";
  for (std::size_t i = 0; i < list.wide_exceptions.size() && i < 5; ++i)
    out += (i ? ", " : "") + list.wide_exceptions[i];
  return out + (list.wide_exceptions.size() > 5 ? ", …" : "");
}

class GatedCompile {
 public:
  GatedCompile(std::vector<GatedList> lists, const std::filesystem::path& image, const CategoryDb* current,
               const GateOptions& options)
      : lists_(std::move(lists)), image_(image), current_(current), options_(options) {}

  // Each round either ends or takes one content out, so there are at most two rounds a list and one more.
  Result<GatedReport> run() {
    for (const GatedList& list : lists_) report_.lists.push_back({list.source.name, Content::as_it_came, {}});
    for (std::size_t i = 0; i < lists_.size(); ++i) look_before_compiling(i);
    for (;;) {
      auto compiled = compile_once();
      if (!compiled) {
        const CompileFailure& failure = compiled.error();
        if (!failure.source) return std::unexpected(failure.error);
        take_out(in_image_[*failure.source], Gate::unreadable, failure.error.what);
        continue;
      }
      report_.compiled = std::move(*compiled);
      if (refuse_by_shape() || refuse_by_cover() || refuse_by_probe()) continue;
      note_lost();
      note_shrunk();
      return std::move(report_);
    }
  }

 private:
  void look_before_compiling(std::size_t i) {
    const GatedList& list = lists_[i];
    if (list.source.path.empty())
      take_out(i, std::nullopt, list.why_not);
    else if (list.is_new && !list.accepted)
      if (const auto refused = check_bytes(list.source)) take_out(i, refused->gate, refused->explanation);
  }

  // Goes back to the last good content, or leaves the list out. Without a gate nothing has come, and that has been
  // said.
  void take_out(std::size_t i, std::optional<Gate> gate, const std::string& why) {
    GatedList& list = lists_[i];
    GatedOutcome& outcome = report_.lists[i];
    if (gate) report_.refusals.push_back({*gate, list.source.name, why});
    if (outcome.why.empty()) outcome.why = (gate ? std::string(to_string(*gate)) + ": " : std::string()) + why;
    const bool back = outcome.content == Content::as_it_came && !list.last_good.empty();
    outcome.content = back ? Content::last_good : Content::left_out;
    list.source.path = back ? list.last_good : std::filesystem::path();
    list.source.fetched = list.last_good_since;
    list.is_new = false;
  }

  std::expected<CompileReport, CompileFailure> compile_once() {
    in_image_.clear();
    std::vector<ListSource> sources;
    for (std::size_t i = 0; i < lists_.size(); ++i) {
      if (lists_[i].source.path.empty()) continue;
      in_image_.push_back(i);
      sources.push_back(lists_[i].source);
      sources.back().illegal = lists_[i].illegal;
    }
    CompileOptions options;
    options.sealed_key = options_.sealed_key;
    options.progress = options_.progress;
    options.spare = [this](const CategoryDb& draft) { return spared(draft); };
    return try_compile(sources, image_, options);
  }

  // Sorts what the lists cover: to be left alone, only to be said, or too much of it.
  std::vector<SparedSite> spared(const CategoryDb& draft) {
    report_.left_alone.clear();
    report_.covered_sites.clear();
    report_.accepted_sites.clear();
    lost_ = lost_probes(draft, options_.must_block);
    std::vector<SparedSite> out;
    for (OverBlock& found : find_over_blocks(draft, options_.must_allow, options_.would_refuse)) {
      const GatedList& list = lists_[in_image_[found.place.list]];
      if (list.illegal || list.source.sealed) {
        report_.covered_sites.push_back(std::move(found));
      } else if (list.accepted || options_.accepted_sites.contains(found.list + '\t' + found.site)) {
        report_.accepted_sites.push_back(std::move(found));
      } else {
        out.push_back(found.place);
        report_.left_alone.push_back(std::move(found));
      }
    }
    return out;
  }

  [[nodiscard]] std::optional<ListInfo> before(const std::string& list) const {
    if (current_ == nullptr) return {};
    const auto found = std::ranges::find(current_->lists(), list, &ListInfo::name);
    return found == current_->lists().end() ? std::optional<ListInfo>() : *found;
  }

  static std::uint64_t entries_of(const std::optional<ListInfo>& list) {
    return list ? list->hosts + list->urls + list->patterns : 0;
  }

  void note_lost() {
    for (std::size_t i = 0; i < lists_.size(); ++i) {
      const std::uint64_t held = entries_of(before(lists_[i].source.name));
      if (report_.lists[i].content != Content::left_out || held == 0) continue;
      report_.lost.push_back({Gate::lost, lists_[i].source.name,
                              "the image in force holds " + std::to_string(held) + (held == 1 ? " entry" : " entries") +
                                  " of it and a new one would hold none (" + report_.lists[i].why +
                                  "); no new image is published until it is back, or is no " + "longer in lists.yaml"});
    }
  }

  // Not enough to be refused, and more than a publisher takes out in a day.
  void note_shrunk() {
    for (std::size_t at = 0; at < in_image_.size(); ++at) {
      const ListReport& list = report_.compiled.lists[at];
      const std::uint64_t then = entries_of(before(list.name)), now = list.hosts + list.urls + list.patterns;
      if (then >= options_.limits.small && now * 2 < then)
        report_.shrank.emplace_back(list.name,
                                    "it has " + std::to_string(now) + " entries and had " + std::to_string(then));
    }
  }

  // What was accepted before and reads as next to nothing now is damaged, or read as another format.
  std::optional<Refusal> damaged(const ListReport& list) const {
    for (Refusal& refusal : check_shape(list, before(list.name), options_.limits))
      if (refusal.gate == Gate::empty || refusal.gate == Gate::shrunk) return std::move(refusal);
    return {};
  }

  bool refuse_by_shape() {
    bool refused = false;
    for (std::size_t at = 0; at < in_image_.size(); ++at) {
      const std::size_t i = in_image_[at];
      if (lists_[i].accepted) continue;
      const ListReport& list = report_.compiled.lists[at];
      if (!lists_[i].is_new) {
        if (entries_of(before(list.name)) == 0) continue;
        const auto refusal = damaged(list);
        if (!refusal) continue;
        take_out(i, refusal->gate, refusal->explanation);
        refused = true;
        continue;
      }
      for (const Refusal& refusal : check_shape(list, before(list.name), options_.limits)) {
        if (lists_[i].is_new)
          take_out(i, refusal.gate, refusal.explanation);
        else
          report_.refusals.push_back(refusal);
        refused = true;
      }
    }
    return refused;
  }

  // What a list covered when it was accepted it may go on covering, however much; it leaves it alone all the same.
  bool refuse_by_cover() {
    std::map<std::size_t, std::vector<OverBlock>> covered;
    for (const OverBlock& found : report_.left_alone) covered[in_image_[found.place.list]].push_back(found);
    bool refused = false;
    for (const auto& [i, sites] : covered) {
      std::set<std::string_view> names;
      for (const OverBlock& site : sites) names.insert(site.site);
      if (!lists_[i].is_new || names.size() <= options_.limits.most_over_blocks) continue;
      take_out(i, Gate::must_allow,
               "it covers " + std::to_string(names.size()) + " sites that must stay reachable: " + examples(sites));
      refused = true;
    }
    return refused;
  }

  // Which of the new lists of the category has lost the probe cannot be told, so all of them go back.
  bool refuse_by_probe() {
    bool refused = false;
    for (const MustBlock& probe : lost_) {
      const std::string why = "the probe of category '" + probe.category + "' is no longer covered";
      bool taken_out = false;
      for (const std::size_t i : in_image_) {
        if (lists_[i].source.category != probe.category || !lists_[i].is_new || lists_[i].accepted) continue;
        if (lists_[i].last_good.empty()) continue;  // it has nothing better
        take_out(i, Gate::must_block, why);
        taken_out = true;
      }
      refused |= taken_out;
      if (!taken_out && told_.insert(why).second) report_.refusals.push_back({Gate::must_block, {}, why});
    }
    return refused;
  }

  std::vector<GatedList> lists_;
  const std::filesystem::path& image_;
  const CategoryDb* current_;
  const GateOptions& options_;
  std::vector<std::size_t> in_image_;  // index in the image -> index in lists_
  std::vector<MustBlock> lost_;
  std::set<std::string> told_;
  GatedReport report_;
};

}  // namespace

Result<GatedReport> compile_gated(std::vector<GatedList> lists, const std::filesystem::path& image,
                                  const CategoryDb* current, const GateOptions& options) {
  return GatedCompile(std::move(lists), image, current, options).run();
}

std::vector<ImageRemark> remarks_of(const GatedReport& report) {
  using Kind = ImageRemark::Kind;
  std::vector<ImageRemark> remarks;
  for (const Refusal& refusal : report.refusals)
    remarks.push_back({.kind = refusal.list.empty() ? Kind::unprobed : Kind::refused,
                       .list = refusal.list,
                       .text = std::string(to_string(refusal.gate)) + ": " + refusal.explanation});
  for (const OverBlock& found : report.left_alone)
    remarks.push_back({.kind = Kind::left_alone,
                       .list = found.list,
                       .category = found.category,
                       .entry = found.entry,
                       .site = found.site});
  for (const auto& [list, how] : report.shrank) remarks.push_back({.kind = Kind::shrank, .list = list, .text = how});
  for (const ListReport& list : report.compiled.lists)
    if (list.overruled_exceptions != 0)
      remarks.push_back({.kind = Kind::overruled, .list = list.name, .text = overruled_in_words(list)});
  std::map<std::string, std::size_t> covered;
  for (const OverBlock& found : report.covered_sites) ++covered[found.list];
  for (const auto& [list, count] : covered)
    remarks.push_back(
        {.kind = Kind::covers,
         .list = list,
         .text = std::to_string(count) + (count == 1 ? " site" : " sites") + " that must stay reachable"});
  return remarks;
}

}  // namespace schoolgate::blocklists
