"""The daily check of delivery itself: does anybody hear the alerts?"""
