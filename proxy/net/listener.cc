#include "proxy/net/listener.h"
