// A regular expression a line (squidGuard's expressions, e2guardian's regexpurl lists): POSIX extended, matched without
// regard to case against the URL without its scheme. RE2 reads the same syntax; what it refuses is counted as rejected.
#include <string>

#include "blocklists/formats/importers.h"
#include "blocklists/formats/text.h"

namespace schoolgate::blocklists {
namespace {

class Expressions final : public LineImporter {
 public:
  void line(std::string_view text, EntrySink& sink) override {
    text = trimmed(text);
    if (text.empty() || text.starts_with('#')) return;
    sink.pattern("(?i)" + std::string(text), false);
  }
};

}  // namespace

std::unique_ptr<LineImporter> make_expressions() { return std::make_unique<Expressions>(); }

}  // namespace schoolgate::blocklists
