#include "blocklists/list_at_hand.h"

#include <sys/stat.h>

#include <algorithm>

#include "blocklists/catalogue.h"
#include "blocklists/sealed_file.h"

namespace schoolgate::blocklists {
namespace {

namespace fs = std::filesystem;

TimePoint changed_at(const fs::path& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return {};
  return TimePoint(std::chrono::seconds(about.st_mtim.tv_sec));
}

// A remote list that is not new has no other content than the one accepted before.
void look_at_remote(GatedList& out, const fs::path& kept, const SourceState* known) {
  std::error_code error;
  out.is_new = false;
  if (!fs::exists(kept, error)) {
    out.why_not = "it has not been fetched yet";
    return;
  }
  out.source.path = kept;
  out.source.fetched = known != nullptr && known->fetched != TimePoint{} ? known->fetched : changed_at(kept);
}

// A local one has a copy of the content accepted last.
void look_at_local(GatedList& out, const fs::path& source, const fs::path& kept, const ListStore& store) {
  std::error_code error;
  if (fs::exists(kept, error)) out.last_good = kept, out.last_good_since = changed_at(kept);
  if (!fs::exists(source, error)) {
    out.is_new = false;
    out.why_not = "it is not there: " + source.string();
    return;
  }
  out.source.path = source;
  out.source.fetched = changed_at(source);
  out.is_new = !store.has_copy_of(out.source);
}

}  // namespace

ListAtHand list_at_hand(const ListStore& store, const UpdateSource& list, const SourceState* known) {
  ListAtHand out{.list = {.source = {.name = list.name,
                                     .category = list.category,
                                     .format = list.format,
                                     .sealed = list.sealed,
                                     .keep_public_suffixes = list.force,
                                     .origin = list.source,
                                     .member = list.member},
                          .illegal = list.illegal}};
  const std::string& named = list.member.empty() ? list.source : list.member;
  if (auto fits = check_purpose(list.name, list.category, named, list.format); !fits && !list.force) {
    out.list.is_new = false;
    out.list.why_not = fits.error().text();
    out.wrong_purpose = std::move(fits.error());
    return out;
  }
  const fs::path kept = store.source(list.name);
  if (list.remote)
    look_at_remote(out.list, kept, known);
  else
    look_at_local(out.list, list.source, kept, store);
  return out;
}

void carry_over(GatedList& list, const CategoryDb& in_force, const fs::path& image, const SealedKey& key,
                const fs::path& folder) {
  if (!list.source.sealed || !list.source.path.empty() || !list.last_good.empty()) return;
  const auto known = std::ranges::find(in_force.lists(), list.source.name, &ListInfo::name);
  if (known == in_force.lists().end() || !known->sealed || known->category != list.source.category) return;
  // Where this cannot be done the list is missing, which is found and said further on.
  auto content = sealed_content_in(image, static_cast<std::uint16_t>(known - in_force.lists().begin()));
  if (!content) return;
  content->report.hosts = known->hosts;
  content->report.urls = known->urls;
  content->report.skipped = known->skipped;
  content->report.rejected = known->rejected;
  content->report.public_suffix_count = known->public_suffixes;
  const fs::path file = folder / (list.source.name + ".carried");
  if (!write_sealed_file(file, *content, Sealer(key))) return;
  list.last_good = file;
  list.last_good_since = known->fetched;
}

}  // namespace schoolgate::blocklists
