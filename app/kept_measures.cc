#include "app/kept_measures.h"

#include <algorithm>

#include "app/measure_wire.h"
#include "base/file.h"

namespace schoolgate::app {

Result<void> KeptMeasures::keep(const std::vector<rules::Measure>& measures) {
  std::string text;
  for (const rules::Measure& measure : measures)
    if (measure.kind != rules::Measure::Kind::supervised) text += measure_json(measure) + '\n';
  std::error_code error;
  const bool there = std::filesystem::exists(file_, error);
  if ((there && is_kept_ && text == kept_) || (!there && text.empty())) return {};
  if (auto written = replace_file(file_, text); !written) return written;
  kept_ = std::move(text);
  is_kept_ = true;
  return {};
}

std::vector<rules::Measure> KeptMeasures::read() const {
  std::vector<rules::Measure> measures;
  const auto text = read_file(file_);
  if (!text) return measures;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (auto measure = measure_from_json(rest.substr(0, end))) measures.push_back(std::move(*measure));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return measures;
}

}  // namespace schoolgate::app
