package demo

import "time"

const hour = time.Hour

// world is thirty edge locations, with rough shares of a global site's traffic
// and the offsets of local time in the northern winter.
func world() []Pop {
	return []Pop{
		{"IAD", "us", 0.094, -5 * hour}, {"EWR", "us", 0.058, -5 * hour}, {"ATL", "us", 0.046, -5 * hour},
		{"MIA", "us", 0.036, -5 * hour}, {"ORD", "us", 0.050, -6 * hour}, {"DFW", "us", 0.048, -6 * hour},
		{"DEN", "us", 0.019, -7 * hour}, {"LAX", "us", 0.052, -8 * hour}, {"SJC", "us", 0.045, -8 * hour},
		{"SEA", "us", 0.025, -8 * hour}, {"YYZ", "ca", 0.027, -5 * hour}, {"MEX", "mx", 0.021, -6 * hour},
		{"GRU", "br", 0.042, -3 * hour}, {"EZE", "ar", 0.011, -3 * hour}, {"LHR", "gb", 0.057, 0},
		{"AMS", "nl", 0.038, 1 * hour}, {"FRA", "de", 0.066, 1 * hour}, {"CDG", "fr", 0.043, 1 * hour},
		{"MAD", "es", 0.021, 1 * hour}, {"MXP", "it", 0.020, 1 * hour}, {"ARN", "se", 0.014, 1 * hour},
		{"WAW", "pl", 0.017, 1 * hour}, {"IST", "tr", 0.015, 3 * hour}, {"JNB", "za", 0.009, 2 * hour},
		{"DXB", "ae", 0.012, 4 * hour}, {"BOM", "in", 0.037, 5*hour + 30*time.Minute}, {"SIN", "sg", 0.035, 8 * hour},
		{"HKG", "hk", 0.017, 8 * hour}, {"NRT", "jp", 0.034, 9 * hour}, {"SYD", "au", 0.018, 11 * hour},
	}
}
