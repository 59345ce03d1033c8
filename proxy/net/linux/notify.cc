#include "proxy/net/linux/notify.h"
