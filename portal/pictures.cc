#include "portal/pictures.h"

#include <algorithm>

namespace schoolgate::portal {
namespace {

constexpr Picture kPictures[] = {
    {"bear", "Bear"},         {"bee", "Bee"},   {"butterfly", "Butterfly"},
    {"cat", "Cat"},           {"dog", "Dog"},   {"fish", "Fish"},
    {"fox", "Fox"},           {"frog", "Frog"}, {"hedgehog", "Hedgehog"},
    {"ladybird", "Ladybird"}, {"owl", "Owl"},   {"rabbit", "Rabbit"},
};

}  // namespace

std::span<const Picture> pictures() noexcept { return kPictures; }

bool is_picture(std::string_view id) noexcept {
  return std::ranges::find(kPictures, id, &Picture::id) != std::end(kPictures);
}

}  // namespace schoolgate::portal
