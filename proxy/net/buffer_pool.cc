#include "proxy/net/buffer_pool.h"
