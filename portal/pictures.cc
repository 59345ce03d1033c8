#include "portal/pictures.h"

#include <algorithm>

namespace schoolgate::portal {
namespace {

constexpr Picture kPictures[] = {
    {"bear", "\U0001F43B", "Bear"},         {"bee", "\U0001F41D", "Bee"},   {"butterfly", "\U0001F98B", "Butterfly"},
    {"cat", "\U0001F431", "Cat"},           {"dog", "\U0001F436", "Dog"},   {"fish", "\U0001F41F", "Fish"},
    {"fox", "\U0001F98A", "Fox"},           {"frog", "\U0001F438", "Frog"}, {"hedgehog", "\U0001F994", "Hedgehog"},
    {"ladybird", "\U0001F41E", "Ladybird"}, {"owl", "\U0001F989", "Owl"},   {"rabbit", "\U0001F430", "Rabbit"},
};

}  // namespace

std::span<const Picture> pictures() noexcept { return kPictures; }

bool is_picture(std::string_view id) noexcept {
  return std::ranges::find(kPictures, id, &Picture::id) != std::end(kPictures);
}

}  // namespace schoolgate::portal
