// Records and reports as PDF on A4: headings, paragraphs, facts and tables, set by Pango and drawn by cairo.
//
// Any script that the machine's fonts know (fonts-dejavu-core is named in packages). All text is set as text, never as
// markup, so hostile text is only odd to read. Nothing is fetched, nothing but fonts is read. The same content and time
// give the same bytes. A value of one thread; several threads may each make their own.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace schoolgate::console {

class Pdf {
 public:
  struct About {
    std::string title;   ///< of the document; also in its metadata
    std::string footer;  ///< at the foot of each page, before its number
    TimePoint made{};    ///< written as the date of creation
  };
  explicit Pdf(About about);
  ~Pdf();
  Pdf(Pdf&&) noexcept;

  Pdf& title(std::string_view text);
  Pdf& heading(std::string_view text);
  Pdf& paragraph(std::string_view text);
  /// Small and grey: how a figure was found, what is left out.
  Pdf& note(std::string_view text);
  Pdf& bullet(std::string_view text);
  /// Name and value, line by line: a record's core.
  Pdf& facts(const std::vector<std::pair<std::string, std::string>>& rows);
  /// `widths` are shares of the line; the head stands again on each page.
  Pdf& table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows,
             std::vector<double> widths = {});
  /// A line to sign on, with what is signed below it.
  Pdf& signature(std::string_view label);
  Pdf& new_page();

  /// The file's bytes. Fault host: no font, no memory. Nothing may be called afterwards.
  [[nodiscard]] Result<std::string> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace schoolgate::console
