#include "app/first_listed.h"

#include "blocklists/line_reader.h"
#include "blocklists/list_files.h"

namespace schoolgate::app {
namespace {

constexpr std::uint64_t kMostFirstListed = 20'000;

class FirstHost final : public blocklists::EntrySink {
 public:
  explicit FirstHost(const std::function<bool(const names::Host&)>& wanted) : wanted_(wanted) {}
  void host(std::string_view text) override {
    if (found_) return;
    auto host = names::Host::parse(text);
    if (host && !host->address() && wanted_(*host)) found_ = std::move(*host);
  }
  void url(std::string_view) override {}
  void pattern(std::string_view, bool) override {}
  // An entry that the list takes back is not `wanted`: the data in force says so.
  void except(std::string_view, Reach) override {}
  void withdraw(std::string_view) override {}
  void skip(std::string_view) override {}
  void reject(std::string_view) override {}
  [[nodiscard]] std::optional<names::Host>& found() noexcept { return found_; }

 private:
  const std::function<bool(const names::Host&)>& wanted_;
  std::optional<names::Host> found_;
};

}  // namespace

std::optional<names::Host> first_listed(const config::ListConfig& list, const std::filesystem::path& state,
                                        const std::function<bool(const names::Host&)>& wanted) {
  const std::filesystem::path path =
      list.remote ? state / "lists" / "sources" / list.name : std::filesystem::path(list.source);
  const auto files = blocklists::files_of(
      {.name = list.name, .category = list.category, .format = list.format, .path = path, .member = list.member});
  if (!files) return std::nullopt;
  FirstHost first(wanted);
  for (const blocklists::ListFile& file : files->files) {
    const auto importer = blocklists::importer_for(file.format);
    auto reader = blocklists::open_list_file(file);
    if (!importer || !reader) continue;
    blocklists::LineReader::Line line;
    while (!first.found() && reader->next(line) && line.number <= kMostFirstListed)
      if (!line.too_long) importer->line(line.text, first);
    if (first.found()) break;
  }
  return std::move(first.found());
}

}  // namespace schoolgate::app
