// The people of a school that does not exist: 420 pupils and 45 staff, by name, group and device.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace schoolgate::term {

using Random = std::mt19937_64;

struct SchoolPerson {
  std::string account;     ///< "amelia.hughes"; "class:robins" for the youngest
  std::string group;       ///< ks1, ks2, staff
  std::string device;      ///< address
  std::string confidence;  ///< login, class, network
  std::string source;      ///< "sign-in", "class", ""
  bool known = true;       ///< false: only the device is in the records
};

/// Three in ten pupils are in Key Stage 1 and use class accounts; every twentieth device has nobody signed in.
[[nodiscard]] std::vector<SchoolPerson> make_school(std::size_t pupils, Random& random);

}  // namespace schoolgate::term
