#include "proxy/net/resolver.h"
