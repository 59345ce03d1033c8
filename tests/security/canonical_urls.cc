// Says how the canonicaliser reads each line of standard input: "host port", or "-" where it refuses. What
// test_url_differential.py compares with the WHATWG parser of Node.
#include <cstdio>
#include <iostream>
#include <string>

#include "names/url.h"

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto url = schoolgate::names::Url::parse(line);
    if (url)
      std::printf("%s %u\n", std::string(url->host()).c_str(), unsigned(url->port()));
    else
      std::printf("-\n");
  }
  return 0;
}
