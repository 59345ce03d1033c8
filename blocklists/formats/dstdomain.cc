// The file behind squid's `acl … dstdomain "file"`: ".example.org" covers what lies under it, "example.org" the one
// name for squid. Here an entry always covers what lies under it, so the second form becomes wider by that.
#include "blocklists/formats/importers.h"
#include "blocklists/formats/text.h"

namespace schoolgate::blocklists {
namespace {

class Dstdomain final : public LineImporter {
 public:
  void line(std::string_view text, EntrySink& sink) override {
    text = trimmed(without_comment(text, '#'));
    while (!text.empty()) {
      std::string_view word = take_word(text);
      if (word.starts_with('-')) {
        sink.skip("an option of squid");
        continue;
      }
      if (word.size() >= 2 && word.starts_with('"') && word.ends_with('"')) word = word.substr(1, word.size() - 2);
      import_name_or_url(word, sink);
    }
  }
};

}  // namespace

std::unique_ptr<LineImporter> make_dstdomain() { return std::make_unique<Dstdomain>(); }

}  // namespace schoolgate::blocklists
