#include "proxy/net/upstream_pool.h"
