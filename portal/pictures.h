// The pictures among which a class of the youngest finds its own (SchoolClass::picture). Pure constants.
#pragma once

#include <span>
#include <string_view>

namespace schoolgate::portal {

struct Picture {
  std::string_view id;    ///< "owl": what SchoolClass::picture holds; drawn by the asset picture-owl.svg
  std::string_view word;  ///< "Owl": beneath it, and what a screen reader says
};

/// Always the same ones in the same order, whatever class is asked for: the page gives nothing away.
[[nodiscard]] std::span<const Picture> pictures() noexcept;
[[nodiscard]] bool is_picture(std::string_view id) noexcept;

}  // namespace schoolgate::portal
