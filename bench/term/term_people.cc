#include "bench/term/term_people.h"

#include <array>
#include <set>

namespace schoolgate::term {
namespace {

constexpr std::array kFirst = {"amelia", "olivia", "isla",   "ava",   "freya", "grace", "lily",  "mia",
                               "poppy",  "zara",   "oliver", "noah",  "arlo",  "leo",   "theo",  "jack",
                               "oscar",  "finn",   "adam",   "yusuf", "sofia", "maya",  "aisha", "hannah",
                               "ella",   "ruby",   "henry",  "lucas", "jamal", "kofi"};
constexpr std::array kLast = {"hughes", "jones", "patel", "smith", "khan",  "brown", "evans",  "wood",
                              "clarke", "green", "ahmed", "kelly", "lewis", "young", "turner", "ward",
                              "cooper", "hall",  "price", "reid",  "shah",  "allen", "murphy", "nowak"};
constexpr std::array kClasses = {"robins", "wrens", "owls", "larks", "swifts"};

}  // namespace

std::vector<SchoolPerson> make_school(std::size_t pupils, Random& random) {
  const auto pick = [&](std::size_t n) { return std::size_t(random() % n); };
  std::vector<SchoolPerson> people;
  std::set<std::string> taken;
  const auto new_account = [&] {
    std::string account = std::string(kFirst[pick(kFirst.size())]) + '.' + kLast[pick(kLast.size())];
    for (int number = 2; !taken.insert(account).second; ++number)
      account = account.substr(0, account.find_last_not_of("0123456789") + 1) + std::to_string(number);
    return account;
  };
  for (std::size_t i = 0; i < pupils; ++i) {
    SchoolPerson person;
    const bool young = i % 10 < 3;
    person.group = young ? "ks1" : "ks2";
    person.account = young ? std::string("class:") + kClasses[i / 10 % kClasses.size()] : new_account();
    person.confidence = young ? "class" : "login";
    person.source = young ? "class" : "sign-in";
    const std::string host = std::to_string(2 + i % 250);
    person.device = young ? "10.20.1." + host : "10.20." + std::to_string(2 + i / 250) + '.' + host;
    people.push_back(std::move(person));
  }
  for (std::size_t i = 0; i < pupils / 9; ++i) {
    SchoolPerson person;
    person.group = "staff";
    person.account = new_account();
    person.confidence = "login";
    person.source = "negotiate";
    person.device = "10.20.8." + std::to_string(2 + i % 250);
    people.push_back(std::move(person));
  }
  for (std::size_t i = 0; i < people.size(); i += 20) {
    people[i].known = false;
    people[i].confidence = "network";
    people[i].source.clear();
  }
  return people;
}

}  // namespace schoolgate::term
