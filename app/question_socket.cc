#include "app/question_socket.h"

#include <algorithm>
#include <array>

#include "base/digest.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kFolder = "/run/schoolgate";
constexpr std::array<std::string_view, 8> kQuestions{"version", "status", "status-json", "clock",
                                                     "opened",  "shared", "distrust",    "firewall"};

}  // namespace

std::filesystem::path question_path(const std::filesystem::path& state) {
  const std::string place = std::filesystem::absolute(state).lexically_normal().string();
  return std::filesystem::path(kFolder) / (to_hex(sha256(place)).substr(0, 12) + ".sock");
}

bool is_question(std::string_view request) noexcept {
  return request.starts_with("certificate ") || request.starts_with("ask ") ||
         std::ranges::find(kQuestions, request) != kQuestions.end();
}

}  // namespace schoolgate::app
