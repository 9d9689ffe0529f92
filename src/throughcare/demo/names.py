"""Names, streets and numbers of made-up people.

Names are ordinary ones of people who live in England, in no order. Telephone numbers come from the ranges that Ofcom
keeps free for drama, NHS numbers from the range that begins with 999 and is kept for tests. Nobody can be reached by
any of them.
"""

GIVEN = tuple(
    ["Aaliyah", "Aaron", "Abdul", "Abigail", "Adam", "Adebayo", "Agnieszka", "Aidan", "Aisha", "Alan", "Alexander", "Alicja", "Alison", "Amara", "Amir", "Amy", "Andrew", "Angela", "Anil", "Anna", "Anne-Marie", "Anthony", "Arjun", "Ashley", "Ayesha", "Barbara", "Ben", "Bethany", "Bilal", "Blessing", "Bogdan", "Brendan", "Brian", "Bronwen", "Callum", "Carl", "Carol", "Catherine", "Charlotte", "Chloe", "Chukwudi", "Ciarán", "Claire", "Colin", "Connor", "Courtney", "Craig", "Dafydd", "Daniel", "Danuta", "Darren", "David", "Deborah", "Declan", "Denise", "Diane", "Donna", "Dwayne", "Ebony", "Edward", "Eileen", "Élise", "Elizabeth", "Ella", "Emeka", "Emily", "Emma", "Eoin", "Ewa", "Faisal", "Farah", "Fatima", "Fiona", "Florin", "Francesca", "Gareth", "Gary", "George", "Georgina", "Gillian", "Grace", "Graham", "Gurpreet", "Hannah", "Harpreet", "Harry", "Hassan", "Heather", "Helen", "Ibrahim", "Imran", "Ioan", "Irene", "Isaac", "Isabella", "Jack", "Jacqueline", "Jade", "Jake", "James", "Jamal", "Jan", "Jane", "Jasmine", "Jason", "Javier", "Jennifer", "Jerome", "Jessica", "Joanna", "John", "Jordan", "José", "Joseph", "Joshua", "Joyce", "Julie", "Kai", "Karen", "Katarzyna", "Keith", "Kelly", "Kenneth", "Kevin", "Khadija", "Kieran", "Kimberley", "Kofi", "Krzysztof", "Kwame", "Kyle", "Laura", "Lauren", "Leah", "Lee", "Leon", "Lewis", "Li", "Liam", "Linda", "Lisa", "Lorraine", "Louise", "Łukasz", "Luke", "Lynn", "Magdalena", "Maisie", "Malik", "Manjit", "Margaret", "María", "Marcus", "Mark", "Martin", "Mary", "Mateusz", "Matthew", "Megan", "Mehmet", "Melissa", "Michael", "Michelle", "Mo", "Mohammed", "Molly", "Muhammad", "Naomi", "Natalie", "Nathan", "Neha", "Niamh", "Nicholas", "Nicola", "Nigel", "Noor", "Oleksandr", "Oliver", "Olivia", "Oluwaseun", "Omar", "Owen", "Pamela", "Patricia", "Patrick", "Paul", "Paula", "Peter", "Philip", "Priya", "Rachel", "Rajesh", "Rashid", "Rebecca", "Reece", "Renée", "Rhys", "Richard", "Robert", "Robyn", "Rosa", "Ruth", "Ryan", "Sam", "Samantha", "Samina", "Samuel", "Sandra", "Sara", "Sarah", "Scott", "Sean", "Shabnam", "Shane", "Sharon", "Shaun", "Shirley", "Simon", "Siobhán", "Sofia", "Sophie", "Stacey", "Stephen", "Steven", "Sunita", "Susan", "Svetlana", "Tanisha", "Tariq", "Teresa", "Thomas", "Tiago", "Tiffany", "Timothy", "Tomasz", "Tracey", "Tyrone", "Uzma", "Valerie", "Vanessa", "Victoria", "Vikram", "Wayne", "Wei", "Wendy", "William", "Xin", "Yasmin", "Yusuf", "Zahra", "Zainab", "Zoë", "Zofia"]
)
FAMILY = tuple(
    ["Abbott", "Abdi", "Abubakar", "Adams", "Adebayo", "Adeyemi", "Afolabi", "Ahmed", "Akhtar", "Alexander", "Ali", "Allen", "Anderson", "Andrews", "Appiah", "Armstrong", "Ashworth", "Atkinson", "Bailey", "Baker", "Balogun", "Banerjee", "Barnes", "Barrett", "Begum", "Bell", "Bennett", "Bhatt", "Boateng", "Bond", "Booth", "Boyle", "Bradley", "Brady", "Brennan", "Briggs", "Brook", "Brooks", "Brown", "Burke", "Burns", "Butler", "Byrne", "Campbell", "Carr", "Carter", "Chan", "Chapman", "Chaudhry", "Chen", "Choudhury", "Clark", "Clarke", "Clayton", "Cole", "Collins", "Connolly", "Cook", "Cooper", "Costa", "Cox", "Crawford", "Cunningham", "D'Angelo", "Daley", "Davies", "Davis", "Dawson", "De-Souza", "Desai", "Dhillon", "Diaz", "Dixon", "Doherty", "Donnelly", "Doyle", "Dunn", "Edwards", "Elliott", "Ellis", "Evans", "Farooq", "Farrell", "Fernández", "Fisher", "Fitzgerald", "Fletcher", "Ford", "Foster", "Fox", "Francis", "Fraser", "Fuller", "García", "Gallagher", "George", "Gibson", "Gill", "Goddard", "Gordon", "Graham", "Grant", "Gray", "Green", "Greenwood", "Griffiths", "Hall", "Hamilton", "Harris", "Harrison", "Hart", "Harvey", "Hassan", "Hayes", "Henderson", "Higgins", "Hill", "Holmes", "Hopkins", "Howard", "Hudson", "Hughes", "Hunt", "Hunter", "Hussain", "Ibrahim", "Iqbal", "Islam", "Jackson", "James", "Jenkins", "Johnson", "Johnston", "Jones", "Jordan", "Joseph", "Kaur", "Kaczmarek", "Kelly", "Kennedy", "Khan", "Khatun", "King", "Knight", "Kowalska", "Kowalski", "Kumar", "Lane", "Lawrence", "Lawson", "Lee", "Lewis", "Li", "Lloyd", "Lowe", "Lynch", "MacDonald", "Mahmood", "Malik", "Marshall", "Martin", "Martínez", "Mason", "Matthews", "McCarthy", "McDonald", "McGrath", "McKenna", "McLean", "Mendes", "Mensah", "Miah", "Miller", "Mills", "Mitchell", "Mohamed", "Moore", "Morgan", "Morris", "Morrison", "Müller", "Murphy", "Murray", "Mustafa", "Myers", "Ncube", "Nguyen", "Nicholson", "Nowak", "N'Diaye", "O'Brien", "O'Connor", "O'Neill", "O'Rourke", "O'Sullivan", "Okafor", "Okeke", "Okoro", "Oliver", "Onyango", "Osei", "Owen", "Oyelaran", "Palmer", "Parker", "Parsons", "Patel", "Pearson", "Pereira", "Perry", "Petrov", "Phillips", "Popescu", "Powell", "Price", "Prydderch", "Quinn", "Rahman", "Ramos", "Rana", "Reid", "Reynolds", "Rhodes", "Richards", "Richardson", "Roberts", "Robertson", "Robinson", "Rogers", "Rose", "Ross", "Russell", "Ryan", "Sahin", "Saleh", "Sanders", "Santos", "Saunders", "Schofield", "Scott", "Shah", "Sharma", "Shaw", "Sheikh", "Silva", "Simpson", "Singh", "Smith", "Sørensen", "Spencer", "Stevens", "Stewart", "Stone", "Sutcliffe", "Szabó", "Taylor", "Thomas", "Thompson", "Thomson", "Turner", "Ugwu", "Underwood", "Usman", "Wagner", "Walker", "Wallace", "Walsh", "Ward", "Watkins", "Watson", "Watts", "Webb", "Webster", "Wells", "West", "Whittaker", "White", "Wiśniewska", "Wilkinson", "Williams", "Williamson", "Willis", "Wilson", "Wójcik", "Wong", "Wood", "Woods", "Wright", "Wu", "Yeo", "Yilmaz", "Young", "Yusuf", "Zaman", "Zhang", "Ziółkowski"]
)
LONGEST = "Balasubramaniyamvenkateswarakrishnamoorthy"
STREETS = (
    "Weir Street",
    "Mill Lane",
    "Station Road",
    "Canal Side",
    "Church Hill",
    "Albert Terrace",
    "Tanner's Row",
    "Meadow Close",
    "Upper Bridge Street",
    "St Oswald's Avenue",
)
MADE_UP_PEOPLE_AT_MOST = 1_000_000


def mobile(number: int) -> str:
    """07700 900000 to 900999."""
    return f"07700 {900_000 + number % 1000}"


def telephone(number: int) -> str:
    """0113 496 0000 to 0999."""
    return f"0113 496 {number % 1000:04}"


def nhs_number(number: int) -> str:
    """The test NHS number of the `number`th person, each another one; empty for the one in eleven that has no check digit."""
    digits = f"999{number * 387_421 % MADE_UP_PEOPLE_AT_MOST:06}"
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
    return "" if check == 10 else f"{digits}{check % 11}"


def prison_number(number: int) -> str:
    """A number of the form A1234BC, each another one."""
    rest, digits = divmod(number * 7919 + 1234, 10_000)
    rest, last = divmod(rest, 26)
    rest, middle = divmod(rest, 26)
    return f"{chr(65 + rest % 26)}{digits:04}{chr(65 + middle)}{chr(65 + last)}"
