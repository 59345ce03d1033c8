#include "proxy/net/linux/firewall.h"
