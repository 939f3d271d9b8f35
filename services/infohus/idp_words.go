package main

// idpWords are the words of the development sign-in.
var idpWords = map[string]map[string]string{
	"da": {
		"title":    "Log ind til udvikling",
		"warning":  "Kun til udvikling. Alle personer er opdigtede.",
		"who":      "Hvem vil du være?",
		"password": "Adgangskode",
		"hint":     "Den samme for alle. Den blev vist, da programmet startede.",
		"button":   "Log ind",
		"error":    "Fejl",
		"problem":  "Du er ikke logget ind",
		"nobody":   "Vælg en person på listen",
		"wrong":    "Adgangskoden er ikke rigtig. Se, hvor programmet blev startet",
		"number":   "eget personnummer",
		"language": "English",
	},
	"en": {
		"title":    "Sign in for development",
		"warning":  "For development only. All the people are invented.",
		"who":      "Who do you want to be?",
		"password": "Password",
		"hint":     "The same for everybody. It was shown when the program started.",
		"button":   "Sign in",
		"error":    "Error",
		"problem":  "You are not signed in",
		"nobody":   "Choose somebody from the list",
		"wrong":    "The password is not right. Look where the program was started",
		"number":   "own personal number",
		"language": "Dansk",
	},
}

// idpRoles tell the invented people apart.
var idpRoles = map[string]map[string]string{
	"reporter":              {"da": "melder", "en": "reporter"},
	"receiver":              {"da": "modtager", "en": "receiver"},
	"municipal_coordinator": {"da": "kommunal tovholder", "en": "municipal coordinator"},
	"police_coordinator":    {"da": "politiets tovholder", "en": "police coordinator"},
	"core_group":            {"da": "kernegruppemedlem", "en": "core group member"},
	"local_police":          {"da": "lokalpolitiets forebyggelse", "en": "local police, prevention"},
	"partner":               {"da": "inviteret myndighed", "en": "invited authority"},
	"institution":           {"da": "institution", "en": "institution"},
	"associate":             {"da": "samarbejdspart", "en": "associate"},
	"steering":              {"da": "styregruppe", "en": "steering group"},
	"manager":               {"da": "leder", "en": "manager"},
	"dpo":                   {"da": "databeskyttelsesrådgiver", "en": "data protection officer"},
	"administrator":         {"da": "systemadministrator", "en": "system administrator"},
	"investigator":          {"da": "efterforsker", "en": "investigator"},
	"control_unit":          {"da": "kontrolgruppe", "en": "control unit"},
}
